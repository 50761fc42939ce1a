"""The words are those that Nova's validation, which is jsonschema's, was seen to use."""

import contextlib
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyhole.api.compute.schema import (
    MAX_QUOTED_CHARACTERS,
    Invalid,
    Schema,
    check,
    check_parameter,
    closed_object,
    one_of,
    refuse_unknown,
    wrapped,
)

VNC = wrapped("os-getVNCConsole", closed_object(("type",), type=one_of("novnc", "xvpvnc")))
LENGTH = Schema(("integer", "string", "null"), pattern=re.compile("^-?[0-9]+$"), minimum=-1)
OUTPUT = wrapped("os-getConsoleOutput", closed_object(length=LENGTH))
PREFIX = "Invalid input for field/attribute "


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ({}, "os-getVNCConsole. Value: {}. 'type' is a required property"),
        ({"type": "bogus"}, "type. Value: bogus. 'bogus' is not one of ['novnc', 'xvpvnc']"),
        ({"type": 5}, "type. Value: 5. 5 is not of type 'string'"),
        ({"type": None}, "type. Value: None. None is not of type 'string'"),
        (None, "os-getVNCConsole. Value: None. None is not of type 'object'"),
        ([], "os-getVNCConsole. Value: []. [] is not of type 'object'"),
        (
            {"type": "novnc", "x": 1},
            "os-getVNCConsole. Value: {'type': 'novnc', 'x': 1}. "
            "Additional properties are not allowed ('x' was unexpected)",
        ),
        (
            {"type": "novnc", "y": 1, "x": 1},
            "os-getVNCConsole. Value: {'type': 'novnc', 'y': 1, 'x': 1}. "
            "Additional properties are not allowed ('x', 'y' were unexpected)",
        ),
        ({"x": 1}, "os-getVNCConsole. Value: {'x': 1}. 'type' is a required property"),
        ({"type": "bogus", "x": 1}, "type. Value: bogus. 'bogus' is not one of ['novnc', 'xvpvnc']"),
    ],
)
def test_inner_errors_name_the_attribute(inner: Any, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        check(VNC, {"os-getVNCConsole": inner})
    assert str(caught.value) == PREFIX + message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "None is not of type 'object'"),
        ([], "[] is not of type 'object'"),
        ({}, "'os-getVNCConsole' is a required property"),
        (
            {"os-getVNCConsole": {"type": "novnc"}, "b": 1},
            "Additional properties are not allowed ('b' was unexpected)",
        ),
    ],
)
def test_errors_at_the_top_have_no_prefix(body: Any, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        check(VNC, body)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("length", "message"),
    [
        (2.5, "2.5 is not of type 'integer', 'string', 'null'"),
        (True, "True is not of type 'integer', 'string', 'null'"),
        ("abc", "'abc' does not match '^-?[0-9]+$'"),
        ("", "'' does not match '^-?[0-9]+$'"),
        (-2, "-2 is less than the minimum of -1"),
        ("-2", "-2 is less than the minimum of -1"),
        ("-" + "9" * 400, "is less than the minimum of -1"),
    ],
)
def test_console_output_length_is_refused(length: Any, message: str) -> None:
    with pytest.raises(Invalid, match=re.escape(message)):
        check(OUTPUT, {"os-getConsoleOutput": {"length": length}})


@pytest.mark.parametrize("length", [0, 3, -1, "3", "-1", None, 2.0, "9" * 5000, 10**20])
def test_console_output_length_is_taken(length: Any) -> None:
    body = {"os-getConsoleOutput": {"length": length}}
    assert check(OUTPUT, body) == body


def test_legacy_mode_drops_unknown_properties_but_still_checks_the_known() -> None:
    body = {"os-getVNCConsole": {"type": "novnc", "x": 1}, "y": 2}
    assert check(VNC, body, strip=True) == {"os-getVNCConsole": {"type": "novnc"}}
    with pytest.raises(Invalid, match="'bogus' is not one of"):
        check(VNC, {"os-getVNCConsole": {"type": "bogus", "x": 1}}, strip=True)


def test_an_open_object_keeps_what_it_does_not_name() -> None:
    assert check(Schema(("object",), properties={"a": one_of("b")}), {"a": "b", "c": 1}) == {"a": "b", "c": 1}


def test_query_parameters_have_their_own_words() -> None:
    digits = Schema(("string",), pattern=re.compile("^[0-9]*$"))
    assert check_parameter(digits, "limit", "5") == "5"
    with pytest.raises(Invalid) as caught:
        check_parameter(digits, "limit", "-1")
    assert str(caught.value) == "Invalid input for query parameters limit. Value: -1. '-1' does not match '^[0-9]*$'"


def test_no_query_at_all() -> None:
    refuse_unknown(set())
    with pytest.raises(Invalid, match=re.escape("('a' was unexpected)")):
        refuse_unknown({"a"})


def test_a_huge_value_is_quoted_in_part() -> None:
    with pytest.raises(Invalid) as caught:
        check(VNC, {"os-getVNCConsole": {"type": "x" * 100_000}})
    assert len(str(caught.value)) < 3 * MAX_QUOTED_CHARACTERS


def test_a_value_too_deep_to_show_is_still_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Invalid, match="nested too deeply"):
        check(VNC, {"os-getVNCConsole": deep})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON | st.fixed_dictionaries({"os-getConsoleOutput": st.fixed_dictionaries({"length": JSON})}))
def test_any_value_is_taken_or_refused(value: Any) -> None:
    with contextlib.suppress(Invalid):
        assert set(check(OUTPUT, value)) == {"os-getConsoleOutput"}
