"""What a terminal sends, as characters, over any split."""

import pytest
from hypothesis import given, strategies

from keyhole.drivers.simulated.terminal_keys import TerminalKeys


@pytest.mark.parametrize(
    ("sent", "characters"),
    [
        (b"ab", "ab"),
        (b"a\rb\nc\r\nd\n\n", "a\nb\nc\nd\n\n"),
        (b"\r\r\n\n", "\n\n\n"),
        (b"\x7f\x08", "\b\b"),
        (b"\x03\x0c\x15", "\x03\f\x15"),
        (b"a\x1b[Ab\x1b[1;5Cc\x1bOPd", "abcd"),
        (b"\x1b[24;80Rx", "x"),
        (b"\x1bfx", "x"),
        (b"\r\x1b[A\nx", "\n\nx"),
    ],
)
def test_keys(sent: bytes, characters: str) -> None:
    assert "".join(TerminalKeys().read(sent)) == characters


@given(strategies.binary(), strategies.integers(min_value=0))
def test_any_split_gives_the_same_characters(sent: bytes, at: int) -> None:
    keys = TerminalKeys()
    at %= len(sent) + 1
    assert [*keys.read(sent[:at]), *keys.read(sent[at:])] == list(TerminalKeys().read(sent))
