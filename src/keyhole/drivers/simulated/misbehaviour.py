"""VNC servers that break the rules, each in one named way: what Keyhole has to survive, for tests and trials."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from keyhole.drivers.simulated.listener import Connection
from keyhole.drivers.simulated.viewer_connection import ViewerConnection
from keyhole.protocols.rfb.version import Version

CHUNK_BYTES = 65536


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
            Version.V3_8.value, then=b"\0\xff\xff\xff\xff", endless=b"no! ".ljust(CHUNK_BYTES, b"no! ")
        ),
        Misbehaviour.WRONG_SECURITY: Lines(Version.V3_8.value, then=b"\x01\xc8"),
        Misbehaviour.CLOSE_MID_HANDSHAKE: Lines(Version.V3_8.value, then=b"\x02\x01", hangs_up=True),
    }
)


class Pouring(Connection):
    """Writes without end, as fast as the peer takes it."""

    def pour(self, chunk: bytes) -> None:
        """Starts writing `chunk` over and over."""
        if self.transport.is_closing():
            return
        if self.has_room:
            self.transport.write(chunk)
        asyncio.get_running_loop().call_soon(self.pour, chunk)
