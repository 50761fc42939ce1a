"""VNC servers that break the rules, each in one named way: what Keyhole has to survive, for tests and trials."""

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
    """How a server breaks the rules."""

    SILENT = "silent"  # accepts, and never says anything
    GARBAGE = "garbage"  # speaks something else
    ENDLESS_VERSION = "endless_version"  # a version that never ends
    LONG_REASON = "long_reason"  # refuses, with a reason of 4 GiB
    WRONG_SECURITY = "wrong_security"  # offers a security type that nobody speaks, alone
    CLOSE_MID_HANDSHAKE = "close_mid_handshake"  # hangs up between two security types
    ONE_BYTE_AT_A_TIME = "one_byte_at_a_time"  # a good handshake, but in single bytes
    FLOOD = "flood"  # updates without end that nobody asked for
    STALL = "stall"  # a good handshake, and then reads no more


@dataclass(frozen=True, slots=True)
class Lines:
    """What a server says that follows no handshake: first, to the first answer, and from then on without end."""

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
    """Can write without end, as fast as the peer takes it."""

    def __init__(self, accepted: set[Connection]) -> None:
        super().__init__(accepted)
        self.endless = b""  # what is written over and over

    def resume_writing(self) -> None:
        super().resume_writing()
        self.pour()

    def pour(self) -> None:
        """Goes on writing `endless`; leaves the loop to others in between."""
        if self.endless and self.has_room and not self.transport.is_closing():
            self.transport.write(self.endless)
            asyncio.get_running_loop().call_soon(self.pour)


class Speaker(Pouring):
    """Says its lines, whatever the viewer says."""

    def __init__(self, accepted: set[Connection], lines: Lines) -> None:
        super().__init__(accepted)
        self._lines = lines
        self._has_answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.write(self._lines.first)
        if not self._lines.then:
            self._start_pouring()

    def data_received(self, data: bytes) -> None:
        if not self._has_answered and self._lines.then:
            self._has_answered = True
            self.transport.write(self._lines.then)
            self._start_pouring()
            if self._lines.hangs_up:
                self.transport.close()

    def _start_pouring(self) -> None:
        self.endless = self._lines.endless
        self.pour()


class Dripping(ViewerConnection):
    """A good server whose handshake comes in single bytes."""

    def __init__(self, accepted: set[Connection], display: Display, handshake: ViewerHandshake) -> None:
        super().__init__(accepted, display, handshake)
        self._unsent: deque[bytes] = deque()

    def _send(self, message: bytes) -> None:
        if not self._unsent:
            asyncio.get_running_loop().call_later(DRIP_SECONDS, self._drip)
        pieces = [message] if self._is_greeted else [message[at : at + 1] for at in range(len(message))]
        self._unsent.extend(pieces)

    def _drip(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(self._unsent.popleft())
            if self._unsent:
                asyncio.get_running_loop().call_later(DRIP_SECONDS, self._drip)


class Flooding(ViewerConnection, Pouring):
    """A good server, until it has greeted: then updates without end."""

    def _greeted(self) -> None:
        white = raw_rectangle(0, 0, 1, CHUNK_BYTES // 4, b"\xff" * CHUNK_BYTES)
        self.endless = framebuffer_update([white])
        self.pour()


class Stalling(ViewerConnection):
    """A good server, until it has greeted: then it reads no more."""

    def _greeted(self) -> None:
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
