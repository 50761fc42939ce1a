"""A regular expression from a stranger is refused, or is quick on every name."""

import time

from hypothesis import example, given
from hypothesis import strategies as st

from keyhole.api.compute.name_filter import MAX_NAME_CHARACTERS, compile_name_filter
from keyhole.api.errors import RequestRefused

PIECES = st.sampled_from(
    ["a", "b", ".", "a*", "a+", "(a", ")", "|", "[ab]", "[^a]", "{1,9}", "?", "$", "^", r"\d", r"\1", "x"]
)
PATTERNS = st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=300))
SECONDS = 1.0
"""Of the processor, which is free of what else runs; the worst take a tenth. An engine in C has no steps to count."""


@given(PATTERNS)
@example("a*a*[bc]")
@example("(" + "|".join(["a"] * 100) + ")a*[bc]")
@example("a{0,255}a{0,255}[bc]")
@example("^.*.*$x")
def test_a_pattern_is_refused_or_quick(pattern: str) -> None:
    try:
        compiled = compile_name_filter(pattern)
    except RequestRefused:
        return
    for name in ("a" * MAX_NAME_CHARACTERS, "ab" * (MAX_NAME_CHARACTERS // 2), "a" * 254 + "!"):
        started_at = time.process_time()
        compiled.search(name)
        assert time.process_time() - started_at < SECONDS
