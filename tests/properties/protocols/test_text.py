from hypothesis import given
from hypothesis import strategies as st

from keyhole.protocols.text import sanitize


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
def test_whatever_a_peer_says_prints_on_one_line(text: bytes) -> None:
    said = sanitize(text, 40)
    assert said.isprintable()
    assert len(said) <= 40
