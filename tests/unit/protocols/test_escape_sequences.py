"""Which escape sequences are removed from a console's log, and that no text is removed with them."""

import pytest

from keyhole.protocols.escape_sequences import STRING_LIMIT_BYTES, EscapeFilter, without_escapes


@pytest.mark.parametrize(
    ("written", "text"),
    [
        # Control sequences (5.4): colours as ls and systemd print them, movements, questions, private modes.
        (b"\x1b[1;34mbin\x1b[m  \x1b[01;36metc\x1b[0m", b"bin  etc"),
        (b"[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39mcron.service\x1b[0m.", b"[  OK  ] Started cron.service."),
        (b"\x1b[H\x1b[JMem: 1K", b"Mem: 1K"),
        (b"keyhole-demo:~# \x1b[6n", b"keyhole-demo:~# "),
        (b"\x1b[?25l\x1b[?2004h$ \x1b[38;2;1;2;3mrgb\x1b[38:5:7mx\x1b[2 q", b"$ rgbx"),
        (b"\x1b[!p\x1b[>c\x1b[=3h.", b"."),
        # Strings (5.6): titles, links, settings, pictures; ended by ST, BEL, or broken off by CAN and SUB.
        (b"\x1b]0;root@vm: ~\x07$ ", b"$ "),
        (b"\x1b]8;;https://example.org/\x1b\\link\x1b]8;;\x1b\\", b"link"),
        (b'\x1bP$q"p\x1b\\a\x1b_app\x1b\\b\x1b^note\x1b\\c\x1bXsos\x1b\\d', b"abcd"),
        (b"\x1b]0;a\x18b\x1bP1$r\x1ac", b"bc"),
        ("\x1b]0;Füße\x07ß".encode(), "ß".encode()),
        # A string that a sequence breaks off is over; that one is taken out as well.
        (b"\x1b]0;title\x1b[31mred", b"red"),
        # The palette of Linux's console has no terminator.
        (b"\x1b]R[login", b"[login"),
        (b"\x1b]P1a0b1c2text\x1b]P7FFFFFFmore", b"textmore"),
        (b"\x1b]Phosphor\x07.", b"."),
        # All others (5.3, 5.5): character sets, the keypad, the cursor's memory, resets, alignment.
        (b"\x1b(B\x1b)0a\x1b=b\x1b>c\x1b7d\x1b8e\x1bMf\x1bcg\x1b#8h\x1b%Gi\x1b Fj", b"abcdefghij"),
        # 8-bit controls in UTF-8, beside characters with the same bytes.
        ("\x9b1mbold\x9d0;title\x9c.\x90q\x9c".encode(), b"bold."),
        ("Ûber\u201d\u0130 À\x85".encode(), "Ûber\u201d\u0130 À\x85".encode()),
        (b"\x9b1m\x9d0;", b"\x9b1m\x9d0;"),
        # One that is cut off takes nothing of the next line with it.
        (b"a\x1b[1;3\nb", b"a\nb"),
        (b"a\x1b\nb\x1b(\nc", b"a\nb\nc"),
        (b"a\x1b[1\x1b[2mb\x1b\x1b[3mc", b"abc"),
        # And nothing stays of one at the very end.
        (b"a\x1b", b"a"),
        (b"a\x1b[1;3", b"a"),
        (b"a\xc2", b"a\xc2"),
        # A string without an end on its line is text, of which the introducer alone goes.
        (b"a\x1b]0;title\r\nb", b"a0;title\r\nb"),
        (b"a\x1bPlogin: \nb\x07", b"alogin: \nb\x07"),
        ("a\x9d0;title\nb\x90c".encode(), b"a0;title\nbc"),
        (b"a\x1b]P12\n\x1b]P12", b"aP12\nP12"),
        (b"a\x1b]0;tit", b"a0;tit"),
        (b"a\x1b]0;t\xc2", b"a0;t\xc2"),
        # But when it is long, it is no text.
        (b"a\x1bP" + b"q" * (STRING_LIMIT_BYTES - 1) + b"\nb", b"a" + b"q" * (STRING_LIMIT_BYTES - 1) + b"\nb"),
        (b"a\x1bP" + b"q" * STRING_LIMIT_BYTES + b"\nb\x1bP" + b"q" * STRING_LIMIT_BYTES, b"a\nb"),
        (b"a\x1bP" + b"q" * STRING_LIMIT_BYTES + b"\x1b\\b", b"ab"),
        # Other controls are not this one's business.
        (b"\x07a\rb\x08c\x00\t\n", b"\x07a\rb\x08c\x00\t\n"),
    ],
)
def test_what_stays(written: bytes, text: bytes) -> None:
    assert without_escapes(written) == text


@pytest.mark.parametrize(
    ("endless", "most"),
    [
        (b"\x1b[" + b"1;" * 40_000, 10),
        (b"\x1b]0;" + b"x" * 80_000, STRING_LIMIT_BYTES + 3),
        (b"\x1b" + b"(" * 80_000, 10),
    ],
)
def test_an_endless_sequence_takes_little_memory(endless: bytes, most: int) -> None:
    stream = EscapeFilter()
    for start in range(0, len(endless), 1000):
        assert stream.feed(endless[start : start + 1000]) == b""
        assert len(stream._held) <= most
    assert stream.feed(b"\n.") == b"\n."
