"""Parsing an expression comes to the same result as compiling it."""

import re
import warnings

from hypothesis import given
from hypothesis import strategies as st

from keyhole.api.regex import MAX_REGEX_CHARACTERS, is_regex, width_of_ranges

PIECES = ["a", "b", ".", "*", "+", "?", "{2}", "{3,1}", "(", "(?:", "(?i:", "(?P<n>", "(?P=n)", "(?=", "(?!", "(?<="]
PIECES += [
    "(?<!",
    "(?>",
    "(?(1)",
    ")",
    ")",
    "|",
    "[a-z]",
    "[",
    "]",
    "[^",
    "-",
    "\\d",
    "\\1",
    "\\",
    "^",
    "$",
    "[[",
    "(?i)",
]


def compiles(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(text)
    except (re.error, Warning, OverflowError, RecursionError):
        return False
    return True


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join))
def test_it_agrees_with_the_compiler(text: str) -> None:
    assert is_regex(text) == compiles(text)


@given(st.text(min_size=1, max_size=MAX_REGEX_CHARACTERS))
def test_any_text_at_all(text: str) -> None:
    assert is_regex(text) == compiles(text)


@given(st.lists(st.tuples(st.characters(), st.characters()).map(sorted), max_size=9))
def test_every_range_counts(ranges: list[list[str]]) -> None:
    text = "".join(f"[{re.escape(first)}-{re.escape(last)}]" for first, last in ranges)
    assert width_of_ranges(text) == sum(ord(last) - ord(first) + 1 for first, last in ranges)
