"""The server's side of the WebSocket protocol (RFC 6455): the opening handshake, frames out, and a reader of frames in.

A console is a stream of bytes: message boundaries of the viewer mean nothing, text frames are taken as bytes, and no
payload is ever held back. Extensions are not negotiated, so the reserved bits stay zero. Section numbers are the RFC's.
"""

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass
from struct import Struct
from typing import Final

from keyhole.errors import ProtocolError, TooLarge
from keyhole.protocols.http_head import RequestHead
from keyhole.protocols.peer_text import printable
from keyhole.protocols.rate import UNLIMITED, refilled
from keyhole.reasons import Reason

VERSION = "13"
MAX_FRAME = 1 << 20
"""The largest data frame taken from a viewer, in bytes."""
MAX_MESSAGE = 1 << 20
"""The largest message: all its fragments together, in bytes."""
CUT_BYTES = 65536
"""How much goes into one frame to a browser, which hands on whole messages only."""
CONTROL_LIMIT_BYTES = 125
CLOSE_REASON_LIMIT_BYTES = CONTROL_LIMIT_BYTES - 2

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # 1.3
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")  # 16 bytes in base64
_UNMASK_BYTES = 8192  # larger integers fall out of the processor's near caches
_FIN = 0x80
_MASKED = 0x80

# Opcodes (11.8); plain integers, since the byte path compares them for each frame.
CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA


# ---- The opening handshake (4.2)


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A good opening: the key to answer, and the sub-protocols in the client's order."""

    key: str
    subprotocols: tuple[str, ...]


def wants_websocket(head: RequestHead) -> bool:
    """Whether the request asks for a WebSocket, well or badly."""
    return "websocket" in (item.lower() for item in head.list_items("upgrade"))


def wants_other_version(head: RequestHead) -> bool:
    """Whether the opening fails for its version alone: to be refused with 426 and `Sec-WebSocket-Version: 13` (4.4)."""
    return wants_websocket(head) and head.get("sec-websocket-version") not in (None, VERSION)


def check_upgrade(head: RequestHead) -> Upgrade:
    """Holds a request to 4.2.1. Raises ProtocolError with a sentence on what is wrong."""
    if head.method != "GET" or head.version != "1.1":
        raise ProtocolError("A WebSocket is opened with a GET request of HTTP/1.1.")
    if not wants_websocket(head) or "upgrade" not in (item.lower() for item in head.list_items("connection")):
        raise ProtocolError("A WebSocket is opened with 'Upgrade: websocket' and 'Connection: Upgrade'.")
    if head.get_all("sec-websocket-version") != [VERSION]:
        raise ProtocolError("The header 'Sec-WebSocket-Version: 13' is missing or names another version.")
    keys = head.get_all("sec-websocket-key")
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        raise ProtocolError("The header Sec-WebSocket-Key does not hold 16 bytes in base64, once.")
    return Upgrade(keys[0], tuple(head.list_items("sec-websocket-protocol")))


def choose_subprotocol(head: RequestHead) -> str | None:
    """`binary` where it is offered. None is required, and other offers are passed over."""
    return "binary" if "binary" in head.list_items("sec-websocket-protocol") else None


def upgrade_response(key: str, subprotocol: str | None, set_cookie: str | None = None) -> bytes:
    """The 101 response to a good opening (4.2.2), which may set a cookie (1.3)."""
    accept = b64encode(hashlib.sha1((key + _GUID).encode("ascii"), usedforsecurity=False).digest()).decode("ascii")
    chosen = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
    cookie = f"Set-Cookie: {set_cookie}\r\n" if set_cookie else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n{chosen}{cookie}\r\n"
    ).encode("ascii")


# ---- Frames out (5.2): a server's frames are not masked, and each is a whole message

_LENGTH_16 = Struct("!BBH").pack
_LENGTH_64 = Struct("!BBQ").pack
_SMALL_BINARY = tuple(bytes((_FIN | BINARY, length)) for length in range(126))


def frame_header(length: int, opcode: int = BINARY) -> bytes:
    """The 2, 4 or 10 bytes before a payload of `length` bytes."""
    if length < 126:
        return _SMALL_BINARY[length] if opcode == BINARY else bytes((_FIN | opcode, length))
    if length < 65536:
        return _LENGTH_16(_FIN | opcode, 126, length)
    return _LENGTH_64(_FIN | opcode, 127, length)


def cut_frames(data: bytes | memoryview, limit: int = CUT_BYTES) -> list[bytes | memoryview]:
    """Headers and payloads in turn, ready for one gathered write; payloads of at most `limit` bytes, not copied."""
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


# ---- Frames in (5.2 to 5.5): a client's frames are masked


@dataclass(frozen=True, slots=True)
class Ping:
    """To be answered by a Pong with the same payload, of at most 125 bytes."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """The peer is there."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The peer's last frame. `code` is None when it gave none; `reason` is made printable."""

    code: int | None
    reason: str


Control = Ping | Pong | Close


class FrameReader:
    """Unmasks a viewer's frames as they come. Holds at most one incomplete header or control frame, no payload.

    A viewer may send `frames_per_second`, of any kind, and as many again in one go; whoever has a clock calls `refill`
    once a second. 0 means any number.
    """

    __slots__ = (
        "_allowance",
        "_at_rest",
        "_closed",
        "_control",
        "_fragmented",
        "_frame_limit",
        "_held",
        "_left",
        "_mask",
        "_message_bytes",
        "_message_limit",
        "_per_second",
    )

    def __init__(
        self, frame_bytes: int = MAX_FRAME, message_bytes: int = MAX_MESSAGE, frames_per_second: int = 0
    ) -> None:
        self._frame_limit = frame_bytes
        self._message_limit = message_bytes
        self._message_bytes = 0
        self._per_second = frames_per_second or UNLIMITED
        self._allowance = 2 * self._per_second
        self._at_rest = True  # between two messages, with nothing held
        self._held = b""
        self._left = 0  # bytes of the present data frame still to come
        self._mask = b""  # for the next byte of it first
        self._fragmented = False  # continuation frames are to follow
        self._closed = False
        self._control: tuple[Control, ...] = ()

    def receive_data(self, data: bytes) -> bytes:
        """Every byte of payload that `data` brings, unmasked, in order. After a Close nothing more is read.

        Raises ProtocolError, TooLarge for a frame or a message beyond its limit, or for too many of them.
        """
        size = len(data) - 6
        if self._at_rest and 0 < size < 126 and data[0] == 0x82 and data[1] == 0x80 | size and self._allowance:
            # One small binary message, whole: a keystroke or a movement of the pointer.
            self._allowance -= 1
            if size == 8:
                mask = int.from_bytes(data[2:6], "big")
                return (int.from_bytes(data[6:], "big") ^ (mask << 32 | mask)).to_bytes(8, "big")
            return _unmask(data[6:], data[2:6])
        return self._receive(data)

    def refill(self) -> None:
        """A second has passed."""
        self._allowance = refilled(self._allowance, self._per_second)

    def take_control(self) -> list[Control]:
        """Control frames since the last call, in order; of each kind the last alone, as one may answer (5.5.3)."""
        control, self._control = self._control, ()
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
        self._at_rest = not (self._left or self._held or self._fragmented or self._closed)
        return b"".join(payloads)

    def _read_header(self, data: bytes, at: int) -> int:
        """Reads one frame's header, or one whole control frame; returns where it ends, 0 when more bytes are needed."""
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
            return self._read_control(data, at, opcode, final=first >= _FIN)
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
        self._fragmented = first < _FIN
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
        self._control = (*(earlier for earlier in self._control if type(earlier) is not type(control)), control)
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
    """5.5.1 and 7.4: nothing, or a code that may be sent and a reason."""
    if not payload:
        return Close(None, "")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise ProtocolError("A WebSocket Close frame has no code that may be sent.")
    return Close(code, printable(payload[2:]))
