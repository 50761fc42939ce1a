"""Whole-number arithmetic."""

import pytest
from hypothesis import given, strategies

from keyhole.drivers.simulated.arithmetic import MAX_DIGITS, evaluate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("6*7", 42),
        (" 6 * 7 ", 42),
        ("2+3*4-1", 13),
        ("(2+3)*(4-1)", 15),
        ("--3", 3),
        ("7/2", 3),
        ("-7/2", -3),
        ("7/-2", -3),
        ("-7%3", -1),
        ("7%-3", 1),
        ("9" * 99, int("9" * 99)),
    ],
)
def test_it_calculates_as_shells_do(expression: str, value: int) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "only whole numbers"),
        (" ", "not arithmetic"),
        ("six", "only whole numbers"),
        ("2**9", "only whole numbers"),
        ("2//2", "only whole numbers"),
        ("()", "only whole numbers"),
        ("1(2)", "only whole numbers"),
        ("1.5", "only whole numbers"),
        ("007", "not arithmetic"),
        ("1+", "not arithmetic"),
        ("(" * 240, "not arithmetic"),
        ("1/0", "division by zero"),
        ("1%0", "division by zero"),
        ("*".join(["9" * 50] * 3), "too large"),
        ("9" * 101, "too large"),
    ],
)
def test_what_is_wrong_is_said(expression: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        evaluate(expression)


@given(strategies.text("0123456789+-*/%() ", max_size=240))
def test_nothing_else_ever_comes_of_it(expression: str) -> None:
    try:
        value = evaluate(expression)
    except ValueError:
        return
    assert abs(value) < 10**MAX_DIGITS
