"""Accept-Encoding: any value can be read, and each result is named in it and not refused."""

from hypothesis import given
from hypothesis import strategies as st

from keyhole.api.pages import accepted_codings

CODINGS = st.sampled_from(["br", "gzip", "identity", "*", "zstd"])
WEIGHTS = st.sampled_from(["", ";q=1", "; q=0.5", ";q=0.001"])


@given(st.text())
def test_any_text_is_read_and_only_what_stands_there_is_found(header: str) -> None:
    assert all(coding in header.lower() for coding in accepted_codings(header))


@given(st.lists(st.tuples(CODINGS, WEIGHTS), min_size=1, unique_by=lambda one: one[0]))
def test_what_is_named_with_a_weight_is_accepted(named: list[tuple[str, str]]) -> None:
    header = ", ".join(coding + weight for coding, weight in named)
    assert accepted_codings(header) == {coding for coding, _ in named}


@given(CODINGS, st.sampled_from([";q=0", "; q=0.0", " ; Q = 0.000"]))
def test_what_has_no_weight_is_refused(coding: str, weight: str) -> None:
    assert accepted_codings(f"{coding}{weight}, other") == {"other"}
