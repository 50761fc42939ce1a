"""Coloured guest output: any split gives the same result, and only escape sequences are removed."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from keyhole.protocols.escape_sequences import STRING_LIMIT_BYTES, EscapeFilter, without_escapes

TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"]) | st.sampled_from("\n\t\r"), max_size=8).map(str.encode)


def bytes_of(first: int, last: int, **size: int) -> st.SearchStrategy[bytes]:
    return st.text([chr(code) for code in range(first, last + 1)], **size).map(str.encode)


@st.composite
def sequences(draw: st.DrawFn) -> bytes:
    """One that is complete, by the grammar of ECMA-48."""
    match draw(st.sampled_from(["control", "string", "escape"])):
        case "control":
            introducer = draw(st.sampled_from([b"\x1b[", "\x9b".encode()]))
            parameters, between = draw(bytes_of(0x30, 0x3F, max_size=5)), draw(bytes_of(0x20, 0x2F, max_size=2))
            return introducer + parameters + between + draw(bytes_of(0x40, 0x7E, min_size=1, max_size=1))
        case "string":
            introducer = draw(
                st.sampled_from([b"\x1bP", b"\x1bX", b"\x1b^", b"\x1b_", "\x90".encode(), "\x9d".encode()])
            )
            ending = draw(st.sampled_from([b"\x07", b"\x1b\\", "\x9c".encode()]))
            return introducer + draw(bytes_of(0x20, 0x7E, max_size=8)) + ending
        case _:
            between = draw(bytes_of(0x20, 0x2F, min_size=1, max_size=2))
            return b"\x1b" + between + draw(bytes_of(0x30, 0x7E, min_size=1, max_size=1))


ODD = st.lists(
    st.sampled_from(
        [
            b"\x1b",
            b"[",
            b"]",
            b"P",
            b"R",
            b"1",
            b"a",
            b" ",
            b"\\",
            b"\x07",
            b"\x18",
            b"\n",
            b"\xc2",
            b"\x9b",
            b"\x9c",
            b"\x9d",
        ]
    )
    | st.binary(max_size=3),
    max_size=20,
).map(b"".join)


@given(st.lists(st.tuples(TEXT, sequences()), max_size=10))
def test_all_text_stays_and_no_sequence(pieces: list[tuple[bytes, bytes]]) -> None:
    written = b"".join(text + sequence for text, sequence in pieces)
    assert without_escapes(written) == b"".join(text for text, _ in pieces)


@given(ODD | st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=6))
@example(b"\x1b]P1234567a\x1b]Px\x07b", list(range(20)))
@example(b"a\xc2\x9d0;t\xc2\x9cb\xc2\xa0", list(range(20)))
def test_any_split_gives_the_same_and_no_escape_is_left(written: bytes, cuts: list[int]) -> None:
    stream = EscapeFilter()
    edges = [0, *sorted(min(cut, len(written)) for cut in cuts), len(written)]
    parts = [stream.feed(written[start:end]) for start, end in pairwise(edges)]
    text = b"".join(parts) + stream.finish()
    assert text == without_escapes(written)
    assert b"\x1b" not in text


LONG = st.tuples(st.integers(-3, 3), ODD).map(lambda pair: b"\x1b]" + b"x" * (STRING_LIMIT_BYTES + pair[0]) + pair[1])


@given(LONG, st.lists(st.integers(0, STRING_LIMIT_BYTES + 60), max_size=6))
def test_any_split_of_a_long_string_gives_the_same(written: bytes, cuts: list[int]) -> None:
    stream = EscapeFilter()
    edges = [0, *sorted(min(cut, len(written)) for cut in cuts), len(written)]
    assert b"".join(map(stream.feed, (written[a:b] for a, b in pairwise(edges)))) + stream.finish() == without_escapes(
        written
    )


INTRODUCERS = [b"\x1bP", b"\x1bX", b"\x1b^", b"\x1b_", "\x90".encode(), "\x98".encode(), "\x9d".encode()]


@given(TEXT, st.sampled_from(INTRODUCERS), TEXT, st.sampled_from([b"", b"\n", b"\r\n"]), TEXT)
def test_a_string_without_an_end_is_text_but_for_its_introducer(
    before: bytes, introducer: bytes, text: bytes, line_end: bytes, after: bytes
) -> None:
    rest = text + line_end + after
    assert without_escapes(before + introducer + rest) == before + rest


@given(ODD | LONG, ODD)
def test_a_line_that_is_cut_off_takes_nothing_of_the_next(first: bytes, second: bytes) -> None:
    assert without_escapes(first + b"\n" + second) == without_escapes(first) + b"\n" + without_escapes(second)


@given(
    st.text(st.characters(min_codepoint=0, max_codepoint=0xA2) | st.sampled_from("\x1b[]P\x9b\x9c\x9d"), max_size=40)
)
def test_characters_stay_whole(written: str) -> None:
    text = without_escapes(written.encode()).decode()
    assert set(text) <= set(written)
