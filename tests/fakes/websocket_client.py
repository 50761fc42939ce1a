"""The client side of WebSocket framing, written independently of the code under test."""

from dataclasses import dataclass

MASK = b"\x11\x22\x33\x44"


def client_frame(payload: bytes = b"", *, mask: bytes = MASK, opcode: int = 2, final: bool = True) -> bytes:
    """One masked frame, as a browser sends it."""
    length = len(payload)
    if length < 126:
        size = bytes((0x80 | length,))
    elif length < 65536:
        size = b"\xfe" + length.to_bytes(2, "big")
    else:
        size = b"\xff" + length.to_bytes(8, "big")
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes((0x80 * final | opcode,)) + size + mask + masked


@dataclass(frozen=True)
class ServerFrame:
    opcode: int
    payload: bytes


def server_frames(data: bytes) -> list[ServerFrame]:
    """The complete, unmasked, unfragmented frames that a server sent; anything else is an AssertionError."""
    frames = []
    at = 0
    while at < len(data):
        first, length = data[at], data[at + 1]
        assert first & 0xF0 == 0x80, "not final, or reserved bits"
        assert length < 128, "masked"
        at += 2
        if length >= 126:
            width = 2 if length == 126 else 8
            length = int.from_bytes(data[at : at + width], "big")
            at += width
        assert at + length <= len(data), "cut short"
        frames.append(ServerFrame(first & 0x0F, data[at : at + length]))
        at += length
    return frames
