"""Recognizing regular expressions by parsing alone."""

import pytest

from keyhole.api.regex import is_regex, width_of_ranges


@pytest.mark.parametrize(
    "text", ["a", ".*", "^vm1$", "\\d", "[a-z]", "(?<=ab)c", "(?<!a)b", "(?i)A", "é", "(a)(?(1)b|c)"]
)
def test_expressions(text: str) -> None:
    assert is_regex(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "*",
        "a(b",
        "(?<=a*)b",
        "(?<!a|bc)d",
        "[z-a]",
        "\\",
        "(?P<a>a)(?P<a>b)",
        "a{99999999999}",
        "[[a]",
        "a" * 256,
    ],
)
def test_what_is_none(text: str) -> None:
    assert not is_regex(text)


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("a-z", 0),
        ("[abc]", 0),
        ("[a-z]", 26),
        ("[^a-z0-9]", 36),
        ("(a|[a-c])*", 3),
        ("[a-\\uffff]", 0xFFFF - 96),
        ("[", 0),
    ],
)
def test_the_width_of_ranges(text: str, width: int) -> None:
    assert width_of_ranges(text) == width
