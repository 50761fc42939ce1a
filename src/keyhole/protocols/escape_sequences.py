r"""Removes complete escape sequences from a guest's terminal output, so that no remainder such as `[0m` stays.

Source: ECMA-48, 5th edition, 5.3 to 5.6; for the strings that Linux's console ends without a terminator,
console_codes(4). The 8-bit controls (U+0080 to U+009F) are only recognized in UTF-8: a single byte of 0x80 to 0x9F is
a part of another character.
"""

import re

STRING_LIMIT_BYTES = 4096
"""A control string without an end on its line is text if it is no longer than this: only its introducer is removed.

A longer one is treated as a picture or other binary data, and removed up to the end of its line.
"""

_CONTROL = rb"[\x20-?]*+ (?: [@-~] | (?! \Z ) )"
_CONTENT = rb"""
    [^\x07\x18\x1a\x1b\r\n\xc2]*+ (?: \xc2 (?! [\x90\x98\x9b-\x9f] | \Z ) [^\x07\x18\x1a\x1b\r\n\xc2]*+ )*+
"""
# A string ends with its terminator or where another sequence begins; with the end of its line only if it is long.
_STRING = rb"""
    (?: %(content)b (?: [\x07\x18\x1a] | \x1b\\ | \xc2\x9c | (?= \x1b [^\\] | \xc2 [\x90\x98\x9b\x9d-\x9f] ) )
      | (?= [^\x07\x18\x1a\x1b\r\n]{%(limit)d} ) %(content)b (?= [\r\n] )
      | (?= %(content)b [\r\n] )
    )
""" % {b"content": _CONTENT, b"limit": STRING_LIMIT_BYTES}

# Sequences that follow each other, or the beginning of one at the end of the data. A sequence also ends where a byte
# follows that cannot belong to it, so one that was cut off removes nothing of the next line.
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

_STRING_BEGINNING = re.compile(
    rb"(?: \x1b [PX^_\]] | \xc2 [\x90\x98\x9d-\x9f] ) (?P<content> .*? ) (?P<last> [\x1b\xc2]? )",
    re.VERBOSE | re.DOTALL,
)


class EscapeFilter:
    """Removes the escape sequences from one stream of bytes, however it is split. Buffers at most 4.1 kB."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """The text in `data`, without any ESC. An incomplete sequence at the end is kept for the next call."""
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
        """The kept text at the end of the stream: a control string without an end, a character's first byte."""
        held, self._held = self._held, b""
        string = _STRING_BEGINNING.fullmatch(held)
        if string is not None and len(held) < 2 + STRING_LIMIT_BYTES and string["last"] != b"\x1b":
            return string["content"] + string["last"]
        return held if held == b"\xc2" else b""


def without_escapes(data: bytes) -> bytes:
    """`data` without its escape sequences."""
    stream = EscapeFilter()
    return stream.feed(data) + stream.finish()


def _shortened(beginning: bytes) -> bytes:
    """A short equivalent of an incomplete sequence of any length, which continues in the same way."""
    if len(beginning) == 1:
        return beginning
    if beginning[:2] in (b"\x1b[", b"\xc2\x9b"):
        return b"\x1b["
    string = _STRING_BEGINNING.fullmatch(beginning)
    if string is None:
        return b"\x1b "
    if len(string["content"]) < STRING_LIMIT_BYTES:
        return beginning
    # Its last byte may be the first of its terminator.
    return b"\x1bX" + b"." * STRING_LIMIT_BYTES + string["last"]
