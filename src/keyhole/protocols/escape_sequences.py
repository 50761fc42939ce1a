r"""Taking the escape sequences out of what a guest writes to its terminal, whole, so that no rest such as `[0m` stays.

Source: ECMA-48, 5th edition, 5.3 to 5.6; for the strings that Linux's console ends without a terminator,
console_codes(4). The 8-bit controls (U+0080 to U+009F) count as UTF-8 writes them: a byte of 0x80 to 0x9F alone is a
part of another character.
"""

import re

_CONTROL = rb"[\x20-?]*+ (?: [@-~] | (?! \Z ) )"
_STRING = rb"""
    [^\x07\x18\x1a\x1b\r\n\xc2]*+ (?: \xc2 (?! \x9c | \Z ) [^\x07\x18\x1a\x1b\r\n\xc2]*+ )*+
    (?: [\x07\x18\x1a] | \x1b\\ | \xc2\x9c | (?! [\x1b\xc2]? \Z ) )
"""

# Sequences that follow each other, or the beginning of one at the end of the data. A sequence also ends where a byte
# follows that cannot belong to it, so one that was cut off takes nothing of the next line with it.
_SEQUENCES = re.compile(
    rb"""
    (?: \x1b (?: \[ %(control)b                                           # colours, movements of the cursor, questions
               | \] (?: R | P [0-9A-Fa-f]{7} )                            # the palette of Linux's console
               | (?! \] (?: P [0-9A-Fa-f]{0,6} )? \Z ) [PX^_\]] %(string)b  # titles, links, pictures
               | (?! [\[PX^_\]] ) [\x20-/]*+ (?: [0-~] | (?! \Z ) )       # character sets, keypad modes, resets
               )
      | \xc2 (?: \x9b %(control)b | [\x90\x98\x9d-\x9f] %(string)b )
    )++
    | (?P<beginning> \x1b .* | \xc2 (?: [\x90\x98\x9b\x9d-\x9f] .* | \Z ) )
    """
    % {b"control": _CONTROL, b"string": _STRING},
    re.VERBOSE | re.DOTALL,
)

_PALETTE = re.compile(rb"\x1b\](?:P[0-9A-Fa-f]{0,6})?")


class EscapeFilter:
    """Takes the escape sequences out of one stream of bytes, however it is split. Holds ten bytes at most."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """The text in `data`, in which there is no ESC. The beginning of a sequence is held back."""
        data = self._held + data
        self._held = b""
        texts: list[bytes] = []
        end = 0
        for found in _SEQUENCES.finditer(data):
            texts.append(data[end : found.start()])
            end = found.end()
            if found["beginning"] is not None:
                self._held = _shortened(found["beginning"])
        texts.append(data[end:])
        return b"".join(texts)

    def finish(self) -> bytes:
        """What is left at the end of the stream: the first byte of a character, or nothing."""
        held, self._held = self._held, b""
        return held if held == b"\xc2" else b""


def without_escapes(data: bytes) -> bytes:
    """All of `data` but its escape sequences."""
    stream = EscapeFilter()
    return stream.feed(data) + stream.finish()


def _shortened(beginning: bytes) -> bytes:
    """The beginning of a sequence of any length, in a few bytes that go on in the same way."""
    if len(beginning) == 1 or _PALETTE.fullmatch(beginning):
        return beginning
    if beginning[:2] in (b"\x1b[", b"\xc2\x9b"):
        return b"\x1b["
    if beginning[:1] == b"\x1b" and beginning[1] not in b"PX^_]":
        return b"\x1b "
    # A string's last byte may be the first of its terminator.
    return b"\x1bX" + beginning[-1:] if beginning[-1] in b"\x1b\xc2" else b"\x1bX"
