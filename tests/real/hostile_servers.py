"""Console servers that violate the protocol, each in one way, with the reason that Keyhole must report."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

from tests.fakes.rfb_target import shake_hands

from keyhole.reasons import Reason

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

V3_8 = b"RFB 003.008\n"
DRIBBLE_SECONDS = 0.3


@dataclass(frozen=True)
class HostileServer:
    """A server's script, and the reason and close code that its viewer gets."""

    name: str
    script: Script
    reason: Reason
    code: int
    opens: bool = False
    """Whether the session runs before it shows its face."""


def says(*answers: bytes, endless: bytes = b"") -> Script:
    """A server that says these in turn, each after a byte from the client; then one thing without end, or nothing."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            writer.write(answer)
            await writer.drain()
            await reader.read(1)
        while endless:
            writer.write(endless)
            await writer.drain()
        await reader.read()

    return script


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in V3_8 + b"\x01\x01" + bytes(1000):
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(DRIBBLE_SECONDS)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(V3_8[:5])
    await writer.drain()
    await asyncio.sleep(DRIBBLE_SECONDS)
    _reset(writer)


async def half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(V3_8)
    writer.write_eof()
    await reader.read()


async def reset_in_an_update(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await shake_hands(reader, writer)
    writer.write(b"\0\0\0\x01" + bytes(8) + b"\0\0")
    await writer.drain()
    await asyncio.sleep(DRIBBLE_SECONDS)
    _reset(writer)


async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Stops reading."""
    await shake_hands(reader, writer)
    cast(asyncio.Transport, writer.transport).pause_reading()  # streams declare only that it can be written to
    await asyncio.sleep(3600)


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


SCREEN = bytes.fromhex("0400 0300 20 18 00 01 00ff 00ff 00ff 10 08 00 000000")
NO_PIXELS = bytes(4) + SCREEN[4:] + bytes(4)
LIE = b"\xff\xff\xff\xffno"
ERROR, REFUSED = Reason.TARGET_PROTOCOL_ERROR, Reason.TARGET_SECURITY_REFUSED

HOSTILE_SERVERS = [
    HostileServer("web server", says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), ERROR, 4012),
    HostileServer("wrong version", says(b"RFB 009.009\n"), ERROR, 4012),
    HostileServer("older than any", says(b"RFB 002.002\n"), ERROR, 4012),
    HostileServer("endless version", says(b"RFB 003.00", endless=b"0" * 65536), ERROR, 4012),
    HostileServer("security of its own", says(V3_8, b"\x01\xc8"), REFUSED, 4013),
    HostileServer("security dictated in 3.3", says(b"RFB 003.003\n" + b"\0\0\0\xc8"), REFUSED, 4013),
    HostileServer("reason of 4 GiB", says(V3_8, b"\0\xff\xff\xff\xff", endless=b"no! " * 16384), REFUSED, 4013),
    HostileServer("refused with a lie", says(V3_8, b"\x01\x01", b"\0\0\0\1" + LIE, endless=b"!"), REFUSED, 4013),
    HostileServer("result of its own", says(V3_8, b"\x01\x01", b"\0\0\0\x09"), REFUSED, 4013),
    HostileServer("name of 4 GiB", says(V3_8, b"\x01\x01", b"\0\0\0\0", SCREEN + b"\xff\xff\xff\xff"), ERROR, 4012),
    HostileServer("screen without pixels", says(V3_8, b"\x01\x01", b"\0\0\0\0", NO_PIXELS), ERROR, 4012),
    HostileServer("reset in the greeting", reset, Reason.TARGET_CLOSED, 1000),
    HostileServer("half-closed", half_close, Reason.TARGET_CLOSED, 1000),
    HostileServer("reset in an update", reset_in_an_update, Reason.TARGET_CLOSED, 1000, opens=True),
]  # fmt: skip

SLOW_SERVERS = [
    HostileServer("silent", silent, Reason.TARGET_UNREACHABLE, 4010),
    HostileServer("dribble", dribble, ERROR, 4012),
]
