"""Frames to a viewer (5.2): a server's are not masked, and each is a complete message."""

from collections.abc import Sequence
from struct import Struct

from keyhole.protocols.websocket.opcodes import BINARY, CLOSE, CONTROL_LIMIT_BYTES, FIN, PING, PONG

CUT_BYTES = 65536
"""The largest payload of one frame to a browser, which only passes on complete messages."""

CLOSE_REASON_LIMIT_BYTES = CONTROL_LIMIT_BYTES - 2

_LENGTH_16 = Struct("!BBH").pack
_LENGTH_64 = Struct("!BBQ").pack
_SMALL_BINARY = tuple(bytes((FIN | BINARY, length)) for length in range(126))


def frame_header(length: int, opcode: int = BINARY) -> bytes:
    """The 2, 4 or 10 bytes before a payload of `length` bytes."""
    if length < 126:
        return _SMALL_BINARY[length] if opcode == BINARY else bytes((FIN | opcode, length))
    if length < 65536:
        return _LENGTH_16(FIN | opcode, 126, length)
    return _LENGTH_64(FIN | opcode, 127, length)


Frames = Sequence[bytes | memoryview]
"""Alternating headers and payloads."""


def cut_frames(data: bytes | memoryview, limit: int = CUT_BYTES) -> Frames:
    """Alternating headers and payloads for one gathered write; payloads of at most `limit` bytes, not copied."""
    length = len(data)
    if length <= limit:
        return [frame_header(length), data] if length else []
    view = memoryview(data)
    pieces: list[bytes | memoryview] = []
    for start in range(0, length, limit):
        payload = view[start : start + limit]
        pieces += (frame_header(len(payload)), payload)
    return pieces


def close_frame(code: int | None = None, reason: str = "") -> bytes:
    """A Close frame (5.5.1), empty without a code. The reason is cut to 123 bytes between two characters."""
    if code is None:
        return frame_header(0, CLOSE)
    text = reason.encode("utf-8", "replace")[:CLOSE_REASON_LIMIT_BYTES].decode("utf-8", "ignore").encode()
    return frame_header(2 + len(text), CLOSE) + code.to_bytes(2, "big") + text


def ping_frame(payload: bytes = b"") -> bytes:
    """A Ping frame (5.5.2) with at most 125 bytes."""
    return frame_header(len(payload), PING) + payload


def pong_frame(payload: bytes = b"") -> bytes:
    """A Pong frame (5.5.3): the answer to a Ping has that Ping's payload."""
    return frame_header(len(payload), PONG) + payload
