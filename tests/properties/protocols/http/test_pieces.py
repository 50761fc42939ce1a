"""However bytes arrive, they are returned in order, and no piece has more than one end."""

from collections.abc import Iterator
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st
from tests.properties.protocols.wire import SIZES, split

from keyhole.protocols.http.pieces import Pieces

LINES = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"GET / HTTP/1.1", b"a"]), max_size=30).map(
    b"".join
)


def taken(pieces: Pieces, data: bytes, sizes: list[int], *, late: bool) -> Iterator[bytes]:
    """Every piece, taken as the bytes arrive or at the end."""
    for part in split(data, sizes):
        pieces.receive_data(part)
        while pieces and not late:
            yield pieces.take()
    while pieces:
        yield pieces.take()


@given(LINES, SIZES, st.booleans())
def test_a_piece_ends_where_an_empty_line_does(data: bytes, sizes: list[int], late: bool) -> None:
    out = list(taken(Pieces(), data, sizes, late=late))
    assert b"".join(out) == data
    ends = set(accumulate(len(piece) for piece in out))
    assert 0 not in ends
    assert ends >= {place + 4 for place in _found(data)}


def _found(data: bytes) -> list[int]:
    """Where empty lines begin; only the first of overlapping ones."""
    places, at = [], 0
    while (at := data.find(b"\r\n\r\n", at)) >= 0:
        places.append(at)
        at += 4
    return places


@given(LINES, LINES, SIZES, st.booleans())
def test_a_body_is_cut_at_its_end_and_at_no_empty_line(body: bytes, after: bytes, sizes: list[int], late: bool) -> None:
    pieces = Pieces()
    pieces.expect_body(len(body))
    reads = list(split(body + after, sizes))
    out = list(taken(pieces, body + after, sizes, late=late))
    assert b"".join(out) == body + after
    ends, received = (set(accumulate(map(len, parts), initial=0)) for parts in (out, reads))
    assert len(body) in ends
    inside = {end for end in ends if 0 < end < len(body)}
    assert inside <= (set() if late else received)


@given(LINES, st.integers(0, 5))
def test_what_is_left_can_be_taken_at_once(data: bytes, number: int) -> None:
    pieces = Pieces()
    pieces.receive_data(data)
    begun = b"".join(pieces.take() for _ in range(number) if pieces)
    assert len(pieces) == len(data) - len(begun)
    assert begun + pieces.take_all() == data
    assert not pieces
