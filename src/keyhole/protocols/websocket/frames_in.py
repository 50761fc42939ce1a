"""Frames from a viewer (5.2 to 5.5): a client's are masked.

A console is a stream of bytes: message boundaries are ignored, text frames are treated as bytes, and payload is never
buffered. There are no extensions, so the reserved bits must be zero.
"""

from dataclasses import dataclass
from struct import Struct

from keyhole.errors import NotUtf8, ProtocolError, TooLarge
from keyhole.protocols.buckets import UNLIMITED, refilled
from keyhole.protocols.text import sanitize
from keyhole.protocols.websocket.opcodes import BINARY, CLOSE, CONTINUATION, CONTROL_LIMIT_BYTES, FIN, PING, PONG
from keyhole.reasons import Reason

MAX_FRAME = 1 << 20
"""The largest data frame accepted from a viewer, in bytes."""
MAX_MESSAGE = 1 << 20
"""The largest message: all its fragments together, in bytes."""

_UNMASK_BYTES = 8192  # larger integers do not fit into the processor's fast caches
_MASKED = 0x80

_HEAD_AND_MASK = Struct("!HI").unpack_from
_SMALL_BINARY = (FIN | BINARY) << 8 | _MASKED
"""The head of a complete binary message of less than 126 bytes, without its length, which is added."""
_SMALL_KEYS = tuple((sum(1 << 32 * turn for turn in range(-(-size // 4))), -size % 4 * 8) for size in range(126))
"""For each size: the factor that repeats a mask, and how many bits are then superfluous."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Must be answered by a Pong with the same payload, of at most 125 bytes."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """The peer is alive."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The peer's last frame. `code` is None if it has none; `reason` is made printable."""

    code: int | None
    reason: str


Control = Ping | Pong | Close


class FrameReader:
    """Unmasks a viewer's frames as they arrive. Buffers at most one incomplete header or control frame, no payload.

    A viewer may send `frames_per_second`, of any kind, and twice as many in a burst; the owner calls `refill` once a
    second. 0: no limit.
    """

    __slots__ = (
        "_allowance",
        "_at_boundary",
        "_closed",
        "_fragmented",
        "_frame_limit",
        "_held",
        "_left",
        "_mask",
        "_message_bytes",
        "_message_limit",
        "_per_second",
        "control",
    )

    def __init__(
        self, frame_bytes: int = MAX_FRAME, message_bytes: int = MAX_MESSAGE, frames_per_second: int = 0
    ) -> None:
        self._frame_limit = frame_bytes
        self._message_limit = message_bytes
        self._message_bytes = 0
        self._per_second = frames_per_second or UNLIMITED
        self._allowance = 2 * self._per_second
        self._at_boundary = True  # between two messages, with nothing buffered
        self._held = b""
        self._left = 0  # missing bytes of the current data frame
        self._mask = b""  # rotated so that its first byte is for the next byte
        self._fragmented = False  # continuation frames must follow
        self._closed = False
        self.control: tuple[Control, ...] = ()
        """The frames that `take_control` will return."""

    def receive_data(self, data: bytes) -> bytes:
        """The unmasked payload in `data`, in order. After a Close nothing more is read.

        Raises ProtocolError; NotUtf8 for the reason in a Close; TooLarge for a frame or a message beyond its limit,
        or for too many of them.
        """
        size = len(data) - 6
        if self._at_boundary and 0 < size < 126 and self._allowance:
            head, mask = _HEAD_AND_MASK(data)
            if head == _SMALL_BINARY | size:
                # One small complete message: a keystroke or a pointer movement.
                self._allowance -= 1
                repeat, surplus = _SMALL_KEYS[size]
                key: int = mask * repeat >> surplus
                return (int.from_bytes(data[6:], "big") ^ key).to_bytes(size, "big")
        return self._receive(data)

    def refill(self) -> None:
        """A second has passed."""
        self._allowance = refilled(self._allowance, self._per_second)

    def take_control(self) -> list[Control]:
        """Control frames since the last call, in order, but only the last of each kind: 5.5.3 allows one answer."""
        control, self.control = self.control, ()
        return list(control)

    def _receive(self, data: bytes) -> bytes:
        if self._held:
            data, self._held = self._held + data, b""
        payloads = []
        at, end = 0, len(data)
        while at < end and not self._closed:
            if self._left:
                payload = data[at : at + self._left]
                payloads.append(_unmask(payload, self._mask))
                at += len(payload)
                self._left -= len(payload)
                turn = len(payload) & 3
                self._mask = self._mask[turn:] + self._mask[:turn]
            elif header_end := self._read_header(data, at):
                at = header_end
                self._count()
            else:
                self._held = data[at:]
                break
        self._at_boundary = not (self._left or self._held or self._fragmented or self._closed)
        return b"".join(payloads)

    def _read_header(self, data: bytes, at: int) -> int:
        """Reads one frame's header or one complete control frame; returns where it ends, 0 if bytes are missing."""
        available = len(data) - at
        if available < 2:
            return 0
        first, second = data[at], data[at + 1]
        opcode, length = first & 0x0F, second & 0x7F
        if first & 0x70:
            raise ProtocolError("A WebSocket frame has reserved bits set.")
        if not second & _MASKED:
            raise ProtocolError("A WebSocket frame from a client is not masked.")
        if opcode >= CLOSE:
            return self._read_control(data, at, opcode, final=first >= FIN)
        if opcode > BINARY:
            raise ProtocolError("A WebSocket frame has an unknown opcode.")
        if (opcode == CONTINUATION) != self._fragmented:
            raise ProtocolError("A WebSocket message does not end before the next begins, or continues none.")
        size = 6 if length < 126 else 8 if length == 126 else 14
        if available < size:
            return 0
        if length >= 126:
            length = int.from_bytes(data[at + 2 : at + size - 4], "big")
        if length >> 63:
            raise ProtocolError("A WebSocket frame has a length of more than 63 bits.")
        if length > self._frame_limit:
            raise TooLarge(f"A WebSocket frame is larger than {self._frame_limit} bytes.", Reason.LIMIT_FRAME)
        self._message_bytes = length + (self._message_bytes if opcode == CONTINUATION else 0)
        if self._message_bytes > self._message_limit:
            raise TooLarge(f"A WebSocket message is larger than {self._message_limit} bytes.", Reason.LIMIT_FRAME)
        self._left = length
        self._mask = data[at + size - 4 : at + size]
        self._fragmented = first < FIN
        return at + size

    def _count(self) -> None:
        if not self._allowance:
            raise TooLarge(f"More than {self._per_second} WebSocket frames in a second.", Reason.LIMIT_MESSAGES)
        self._allowance -= 1

    def _read_control(self, data: bytes, at: int, opcode: int, *, final: bool) -> int:
        length = data[at + 1] & 0x7F
        if opcode > PONG:
            raise ProtocolError("A WebSocket frame has an unknown opcode.")
        if not final or length > CONTROL_LIMIT_BYTES:
            raise ProtocolError("A WebSocket control frame is fragmented or larger than 125 bytes.")
        end = at + 6 + length
        if len(data) < end:
            return 0
        payload = _unmask(data[at + 6 : end], data[at + 2 : at + 6])
        control: Control
        if opcode == CLOSE:
            control = _parse_close(payload)
            self._closed = True
        else:
            control = Ping(payload) if opcode == PING else Pong(payload)
        self.control = (*(earlier for earlier in self.control if type(earlier) is not type(control)), control)
        return end


def _unmask(payload: bytes, mask: bytes) -> bytes:
    """5.3: each byte XOR the mask's byte at its position modulo 4."""
    size = len(payload)
    if size > _UNMASK_BYTES:
        pieces = (payload[start : start + _UNMASK_BYTES] for start in range(0, size, _UNMASK_BYTES))
        return b"".join([_unmask(piece, mask) for piece in pieces])
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


def _parse_close(payload: bytes) -> Close:
    """5.5.1 and 7.4: nothing, or a code that may be sent and a reason in UTF-8. Raises NotUtf8, ProtocolError."""
    if not payload:
        return Close(None, "")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise ProtocolError("A WebSocket Close frame has no code that may be sent.")
    try:
        payload[2:].decode()
    except UnicodeDecodeError as error:
        raise NotUtf8("The reason in a WebSocket Close frame is not UTF-8.") from error
    return Close(code, sanitize(payload[2:]))
