"""The server list's `name` filter: an untrusted regular expression.

Python's engine backtracks: nested or many repeats would block the process for hours. So a pattern may have at most two
of `* + ? {` and `(` together, and no group may be repeated; the time for one name is then bounded by the cube of its
length. Other tasks run between names. The time for compiling grows with the ranges in the pattern's sets, which are
limited too.
"""

import asyncio
import re
import time
from collections.abc import Iterable

from keyhole.api.errors import RequestRefused
from keyhole.api.regex import MAX_REGEX_CHARACTERS, is_regex, width_of_ranges
from keyhole.model import Server
from keyhole.reasons import Reason

MAX_NAME_CHARACTERS = 255
MAX_REPEATS = 2
MAX_RANGES_WIDTH = 1 << 16
"""How many characters all ranges of a pattern may span: one from `\\u0000` to `\\uffff`, or 2000 times `[a-z]`."""

_BREATHE_SECONDS = 0.005
_LITERAL = re.compile(r"\\.|\[\^?\]?[^\]]*\]", re.DOTALL)
_COSTLY = re.compile(r"[*+?{(]")
_REPEATED_GROUP = re.compile(r"\)[*+?{]|\(\?")


def compile_name_filter(pattern: str) -> re.Pattern[str]:
    """The pattern, to be searched for in names. Raises RequestRefused (400)."""
    if len(pattern) > MAX_REGEX_CHARACTERS:
        raise _refusal(pattern, f"is longer than {MAX_REGEX_CHARACTERS} characters")
    bare = _LITERAL.sub("x", pattern)
    if len(_COSTLY.findall(bare)) > MAX_REPEATS or _REPEATED_GROUP.search(bare):
        raise _refusal(
            pattern, f"repeats too much; at most {MAX_REPEATS} of * + ? {{ ( are allowed, and no repeated group"
        )
    if not is_regex(pattern):
        raise _refusal(pattern, "is not a 'regex'")
    if width_of_ranges(pattern) > MAX_RANGES_WIDTH:
        raise _refusal(pattern, f"has ranges of more than {MAX_RANGES_WIDTH} characters")
    return re.compile(pattern)


async def with_matching_names(servers: Iterable[Server], pattern: re.Pattern[str]) -> list[Server]:
    """The servers whose name contains a match."""
    found = []
    breathe_at = time.monotonic() + _BREATHE_SECONDS
    for server in servers:
        if pattern.search(server.name[:MAX_NAME_CHARACTERS]):
            found.append(server)
        if time.monotonic() > breathe_at:
            await asyncio.sleep(0)
            breathe_at = time.monotonic() + _BREATHE_SECONDS
    return found


def _refusal(pattern: str, wrong: str) -> RequestRefused:
    shown = pattern[:MAX_REGEX_CHARACTERS]
    message = f"Invalid input for query parameters name. Value: {shown}. {shown!r} {wrong}"
    return RequestRefused(400, Reason.REQUEST_MALFORMED, message)
