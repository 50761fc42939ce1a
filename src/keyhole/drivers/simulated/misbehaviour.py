"""VNC servers that violate the protocol, each in one named way, to test that Keyhole survives them."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from keyhole.drivers.simulated.display import Display
from keyhole.drivers.simulated.listener import Connection
from keyhole.drivers.simulated.viewer_connection import ViewerConnection
from keyhole.protocols.rfb.handshake.viewer import ViewerHandshake
from keyhole.protocols.rfb.messages.server_messages import framebuffer_update, raw_rectangle
from keyhole.protocols.rfb.version import Version

CHUNK_BYTES = 65536
DRIP_SECONDS = 0.001


class Misbehaviour(StrEnum):
    """How a server violates the protocol."""

    SILENT = "silent"  # accepts, and never sends anything
    GARBAGE = "garbage"  # uses a different protocol
    ENDLESS_VERSION = "endless_version"  # a version that never ends
    LONG_REASON = "long_reason"  # refuses, with a reason of 4 GiB
    WRONG_SECURITY = "wrong_security"  # offers only a security type that nobody supports
    CLOSE_MID_HANDSHAKE = "close_mid_handshake"  # disconnects between two security types
    ONE_BYTE_AT_A_TIME = "one_byte_at_a_time"  # a valid handshake, but in single bytes
    FLOOD = "flood"  # endless updates that nobody requested
    STALL = "stall"  # a valid handshake, and then stops reading


@dataclass(frozen=True, slots=True)
class Lines:
    """What a server without a handshake sends: first, in reply to the first answer, and endlessly from then on."""

    first: bytes
    then: bytes = b""
    endless: bytes = b""
    hangs_up: bool = False


LINES: Mapping[Misbehaviour, Lines] = MappingProxyType(
    {
        Misbehaviour.SILENT: Lines(b""),
        Misbehaviour.GARBAGE: Lines(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
        Misbehaviour.ENDLESS_VERSION: Lines(b"RFB 003.00", endless=b"0" * CHUNK_BYTES),
        Misbehaviour.LONG_REASON: Lines(
            Version.V3_8.value, then=b"\0\xff\xff\xff\xff", endless=b"no! " * (CHUNK_BYTES // 4)
        ),
        Misbehaviour.WRONG_SECURITY: Lines(Version.V3_8.value, then=b"\x01\xc8"),
        Misbehaviour.CLOSE_MID_HANDSHAKE: Lines(Version.V3_8.value, then=b"\x02\x01", hangs_up=True),
    }
)


class Pouring(Connection):
    """Can write endlessly, as fast as the peer reads."""

    def __init__(self, accepted: set[Connection]) -> None:
        super().__init__(accepted)
        self.endless = b""  # what is written repeatedly

    def resume_writing(self) -> None:
        super().resume_writing()
        self.pour()

    def pour(self) -> None:
        """Keeps writing `endless`; lets other tasks run in between."""
        if self.endless and self.has_room and not self.transport.is_closing():
            self.transport.write(self.endless)
            asyncio.get_running_loop().call_soon(self.pour)


class Speaker(Pouring):
    """Sends its lines, whatever the viewer sends."""

    def __init__(self, accepted: set[Connection], lines: Lines) -> None:
        super().__init__(accepted)
        self._lines = lines
        self._has_answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.write(self._lines.first)
        if not self._lines.then:
            self._start_streaming()

    def data_received(self, data: bytes) -> None:
        if not self._has_answered and self._lines.then:
            self._has_answered = True
            self.transport.write(self._lines.then)
            self._start_streaming()
            if self._lines.hangs_up:
                self.transport.close()

    def _start_streaming(self) -> None:
        self.endless = self._lines.endless
        self.pour()


class Dripping(ViewerConnection):
    """A valid server whose handshake arrives in single bytes."""

    def __init__(self, accepted: set[Connection], display: Display, handshake: ViewerHandshake) -> None:
        super().__init__(accepted, display, handshake)
        self._unsent: deque[bytes] = deque()

    def _send(self, message: bytes) -> None:
        if not self._unsent:
            asyncio.get_running_loop().call_later(DRIP_SECONDS, self._send_next)
        pieces = [message] if self._is_ready else [message[at : at + 1] for at in range(len(message))]
        self._unsent.extend(pieces)

    def _send_next(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(self._unsent.popleft())
            if self._unsent:
                asyncio.get_running_loop().call_later(DRIP_SECONDS, self._send_next)


class Flooding(ViewerConnection, Pouring):
    """A valid server until the handshake is complete: then endless updates."""

    def _on_ready(self) -> None:
        white = raw_rectangle(0, 0, 1, CHUNK_BYTES // 4, b"\xff" * CHUNK_BYTES)
        self.endless = framebuffer_update([white])
        self.pour()


class Stalling(ViewerConnection):
    """A valid server until the handshake is complete: then it stops reading."""

    def _on_ready(self) -> None:
        self.transport.pause_reading()


def misbehaving(
    how: Misbehaviour, accepted: set[Connection], display: Display, handshake: ViewerHandshake
) -> Connection:
    """A connection that misbehaves in this way."""
    match how:
        case Misbehaviour.ONE_BYTE_AT_A_TIME:
            return Dripping(accepted, display, handshake)
        case Misbehaviour.FLOOD:
            return Flooding(accepted, display, handshake)
        case Misbehaviour.STALL:
            return Stalling(accepted, display, handshake)
        case _:
            return Speaker(accepted, LINES[how])
