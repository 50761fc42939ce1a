"""Servers that violate the protocol, each in its own way, seen from our side of the handshake."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.fakes.rfb_viewer import RfbViewer, open_stream, sign_in

from keyhole.drivers.simulated.misbehaviour import Misbehaviour
from keyhole.drivers.simulated.rfb_server import RfbServer
from keyhole.errors import KeyholeError, ProtocolError, SecurityRefused
from keyhole.model import Address, TcpAddress


@asynccontextmanager
async def misbehaving(how: Misbehaviour) -> AsyncIterator[tuple[RfbServer, Address]]:
    server = RfbServer("vm1", misbehave=how)
    try:
        yield server, await server.start(TcpAddress("127.0.0.1", 0))
    finally:
        await server.close()


async def meet(address: Address) -> KeyholeError:
    """Our side's error for a server whose handshake fails."""
    reader, writer = await open_stream(address)
    try:
        async with asyncio.timeout(10):
            with pytest.raises(KeyholeError) as caught:
                await sign_in(reader, writer, None)
    finally:
        writer.close()
    return caught.value


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        (Misbehaviour.GARBAGE, ProtocolError, "does not greet"),
        (Misbehaviour.ENDLESS_VERSION, ProtocolError, "does not greet"),
        (Misbehaviour.LONG_REASON, SecurityRefused, "no! no!"),
        (Misbehaviour.WRONG_SECURITY, SecurityRefused, "offers the security types 200"),
        (Misbehaviour.CLOSE_MID_HANDSHAKE, ProtocolError, "closed the connection"),
    ],
)
async def test_a_handshake_that_cannot_succeed(how: Misbehaviour, error: type[KeyholeError], words: str) -> None:
    async with misbehaving(how) as (_, address):
        failure = await meet(address)
    assert isinstance(failure, error)
    assert words in str(failure)


async def test_a_silent_server_says_nothing() -> None:
    async with misbehaving(Misbehaviour.SILENT) as (server, address):
        reader, writer = await open_stream(address)
        writer.write(b"RFB 003.008\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reader.read(1)
        writer.close()
        await server.close()


@pytest.mark.parametrize("how", [Misbehaviour.ENDLESS_VERSION, Misbehaviour.LONG_REASON])
async def test_what_has_no_end_waits_for_who_does_not_read(how: Misbehaviour) -> None:
    async with misbehaving(how) as (server, address):
        reader, writer = await open_stream(address)
        writer.write(b"RFB 003.008\n")
        async with asyncio.timeout(10):
            seen = 0
            while seen < 4_000_000:
                seen += len(await reader.read(65536))
        (connection,) = server._accepted
        assert connection.transport.get_write_buffer_size() < 300_000
        writer.close()


async def test_single_bytes_make_a_whole_handshake() -> None:
    async with misbehaving(Misbehaviour.ONE_BYTE_AT_A_TIME) as (_, address):
        reader, writer = await open_stream(address)
        async with asyncio.timeout(10):
            assert len(await reader.read(4096)) == 1
        writer.close()
        async with RfbViewer.open(address) as viewer:
            await viewer.wait_for_text("simulated guest")


async def test_a_flood_comes_unasked_and_without_end() -> None:
    async with misbehaving(Misbehaviour.FLOOD) as (_, address):
        reader, writer = await open_stream(address)
        async with asyncio.timeout(10):
            await sign_in_by_hand(reader, writer)
            for _ in range(100):
                assert await reader.readexactly(4) == b"\0\0\0\1"
                await reader.readexactly(12 + 65536)
        writer.close()


async def test_a_stalled_server_takes_no_more_than_buffers_hold() -> None:
    async with misbehaving(Misbehaviour.STALL) as (_, address):
        reader, writer = await open_stream(address)
        async with asyncio.timeout(10):
            await sign_in_by_hand(reader, writer)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(type_without_end(writer), 0.5)
        writer.transport.abort()


async def type_without_end(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"\x04\1\0\0\0\0\0a" * 8192)
        await writer.drain()


async def sign_in_by_hand(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A handshake that reads not one byte beyond ServerInit."""
    await reader.readexactly(12)
    writer.write(b"RFB 003.008\n")
    assert await reader.readexactly(2) == b"\1\1"
    writer.write(b"\1")
    assert await reader.readexactly(4) == bytes(4)
    writer.write(b"\1")
    head = await reader.readexactly(24)
    await reader.readexactly(int.from_bytes(head[20:], "big"))
