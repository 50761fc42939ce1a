"""Untrusted regular expressions: whether a text is one, and how wide its sets are, without compiling it.

Compiling expands each set character by character: up to a second for 255 characters. Parsing takes time in proportion
to the text's length, about a millisecond for 255 characters.
"""

import re
import warnings
from collections.abc import Iterator
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MAX_REGEX_CHARACTERS = 255

_LOOK_BEHIND = "(?<"


def is_regex(text: str) -> bool:
    """Whether a text is a regular expression of at most 255 characters; the empty text is not."""
    return _parsed(text) is not None


def width_of_ranges(text: str) -> int:
    """How many characters the ranges of an expression's sets span: 26 for `[a-z]`. 0 for an invalid expression."""
    ranges = (item[1] for item in _items(_parsed(text)) if item[0] is constants.RANGE)
    return sum(last - first + 1 for first, last in ranges)


def _parsed(text: str) -> Any:
    """The expression's parts; None if the text is not an expression."""
    if not 0 < len(text) <= MAX_REGEX_CHARACTERS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parts = parser.parse(text)
    except (re.error, Warning, OverflowError, RecursionError):
        return None
    return None if _LOOK_BEHIND in text and not all(map(_has_a_width, _items(parts))) else parts


def _items(part: Any) -> Iterator[tuple[Any, ...]]:
    """Every operation with its arguments, and every tuple within them."""
    if isinstance(part, tuple) and part:
        yield part
    if isinstance(part, tuple | list | parser.SubPattern):
        for inner in part:
            yield from _items(inner)


def _has_a_width(item: tuple[Any, ...]) -> bool:
    """A look-behind must have a fixed width; only the compiler checks this."""
    match item:
        case (constants.ASSERT | constants.ASSERT_NOT, (direction, inside)) if direction < 0:
            least, most = inside.getwidth()
            return bool(least == most)
        case _:
            return True
