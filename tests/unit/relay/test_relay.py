"""Back-pressure and endings of the relay, on real sockets with real kernel buffers."""

import asyncio
import os
import socket
import stat
import tracemalloc
from contextlib import suppress

import pytest
from tests.fakes.rfb_target import SERVER_INIT, echo, listening, shake_hands
from tests.fakes.waiting import until_still
from tests.fakes.wire import Wire
from tests.unit.gateway.conftest import World, opened

from keyhole.core.sessions.live import MOST_BETWEEN_LOOKS_SECONDS, SessionLimits
from keyhole.model import ConsoleType
from keyhole.ports.relay import VIEWER_CHECKS

KEY_EVENT = b"\x04\x01\0\0\0\0\0\x61"
OFFERED_BYTES = 200 * 1024 * 1024
KERNEL_BUFFERS_BYTES = 32 * 1024 * 1024
GROWTH_LIMIT_BYTES = 2 * 1024 * 1024


async def test_a_viewer_that_stops_reading_pauses_the_screen_and_not_its_keys(world: World) -> None:
    sent = [0]
    keys = asyncio.Event()

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)

        async def push() -> None:
            chunk = bytes(65536)
            while sent[0] < OFFERED_BYTES:
                writer.write(chunk)
                await writer.drain()
                sent[0] += len(chunk)

        pushing = asyncio.create_task(push())
        try:
            await reader.readexactly(8)
            keys.set()
            await pushing
        finally:
            pushing.cancel()

    async with listening(flood) as address:
        world.aim(address)
        wire = await opened(world)
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        tracemalloc.start()
        try:
            assert await until_still(lambda: sent[0]) < KERNEL_BUFFERS_BYTES
            assert tracemalloc.get_traced_memory()[0] < GROWTH_LIMIT_BYTES
        finally:
            tracemalloc.stop()
        wire.send(KEY_EVENT)
        await asyncio.wait_for(keys.wait(), 5)


async def test_large_screens_come_in_frames_of_64_kib(world: World) -> None:
    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        writer.write(bytes(range(256)) * 4096)
        await reader.read()

    async with listening(target) as address:
        world.aim(address)
        wire = await opened(world)
        received = b""
        while len(received) < 256 * 4096:
            frame = await wire.frame()
            assert len(frame.payload) <= 65536
            received += frame.payload
        assert received == bytes(range(256)) * 4096


async def test_a_viewer_that_is_silent_for_too_long_is_lost(world: World) -> None:
    async with listening(echo) as address:
        world.aim(address)
        wire = await opened(world)
        for _ in range(VIEWER_CHECKS - 1):
            check(world)
            assert (await wire.frame()).opcode == 9
        check(world)
        assert (await world.event("console.closed"))["reason"] == "viewer_lost"


def check(world: World) -> None:
    """Advances the time by one interval between two checks of a viewer."""
    (session,) = world.sessions
    session.checked_at -= SessionLimits().check_seconds
    world.sweep()


@pytest.mark.parametrize("keepalive_timeout_seconds", [6, 45, 600])
def test_all_checks_together_take_no_longer_than_the_setting(keepalive_timeout_seconds: int) -> None:
    limits = SessionLimits(keepalive_timeout_seconds=keepalive_timeout_seconds)
    assert limits.check_seconds >= 0
    assert VIEWER_CHECKS * (limits.check_seconds + MOST_BETWEEN_LOOKS_SECONDS) <= keepalive_timeout_seconds


async def test_the_kernel_watches_over_both_lines(world: World) -> None:
    async with listening(echo) as address:
        world.aim(address)
        wire = await opened(world)
        viewer, target = wire.writer.get_extra_info("sockname"), (address.host, address.port)
        for peer in (viewer, target):
            with own_socket(peer) as sock:
                assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 15
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 45_000


def own_socket(peer: tuple[str, int]) -> socket.socket:
    """This process's socket that is connected to a peer."""
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                with socket.socket(fileno=os.dup(int(name))) as sock:
                    if sock.getpeername() == peer:
                        return sock.dup()
    raise AssertionError(f"no socket is connected to {peer}")


async def test_a_viewer_that_answers_pings_stays(world: World) -> None:
    async with listening(echo) as address:
        world.aim(address)
        wire = await opened(world)
        for _ in range(2 * VIEWER_CHECKS):
            check(world)
            ping = await wire.frame()
            wire.send(ping.payload, opcode=10)
            wire.send(KEY_EVENT)
            await wire.frame()
        assert len(world.sessions) == 1


async def test_a_native_viewer_that_finished_sending_still_reads_what_its_target_says(plain_world: World) -> None:
    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        heard = await reader.read()  # until the end that the viewer's own end brought here
        writer.write(b"\x02" + heard + bytes(1_000_000))

    async with listening(target) as address:
        plain_world.aim(address)
        wire = await native(plain_world)
        wire.writer.write(KEY_EVENT)
        wire.writer.write_eof()
        assert await wire.rest() == b"\x02" + KEY_EVENT + bytes(1_000_000)
        assert (await plain_world.event("console.closed"))["reason"] == "viewer_closed"


async def test_a_native_viewer_that_finished_sending_is_not_served_for_ever(plain_world: World) -> None:
    async with listening(ignoring_the_end) as address:
        plain_world.aim(address)
        wire = await native(plain_world)
        wire.writer.write_eof()
        assert await wire.rest() == b""
        assert (await plain_world.event("console.closed"))["reason"] == "viewer_closed"


async def test_a_browser_that_closes_its_line_without_a_word_is_gone_at_once(world: World) -> None:
    async with listening(ignoring_the_end) as address:
        world.aim(address)
        wire = await opened(world)
        wire.close()
        assert (await world.event("console.closed"))["reason"] == "viewer_closed"
        await wire.writer.wait_closed()  # over TLS an error when anything comes after the end


async def test_a_browser_that_finished_sending_is_told_nothing_more(plain_world: World) -> None:
    async with listening(ignoring_the_end) as address:
        plain_world.aim(address)
        wire = await opened(plain_world)
        wire.writer.write_eof()
        assert await wire.rest() == b""


async def ignoring_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await shake_hands(reader, writer)
    await asyncio.Event().wait()


async def native(world: World) -> Wire:
    """A native viewer's session, its handshake done."""
    wire = await world.connect()
    assert (
        await wire.request(f"CONNECT /console?token={await world.token(ConsoleType.XVPVNC)} HTTP/1.0")
    ).status == 200
    wire.writer.write(b"RFB 003.008\n\x01\x01")
    assert len(await wire.reader.readexactly(12 + 2 + 4 + len(SERVER_INIT))) > 0
    return wire
