"""Back-pressure and endings of the pump, on real sockets with real kernel buffers."""

import asyncio
import tracemalloc

from tests.fakes.rfb_target import echo, listening, shake_hands
from tests.fakes.wire import Wire
from tests.unit.gateway.conftest import World

from keyhole.gateway.pump import Pump
from keyhole.protocols.websocket import FrameReader
from keyhole.sessions import PING_SECONDS

OFFERED_BYTES = 200 * 1024 * 1024
KERNEL_BUFFERS_BYTES = 32 * 1024 * 1024
GROWTH_LIMIT_BYTES = 2 * 1024 * 1024


async def opened(world: World) -> Wire:
    wire = await world.connect()
    assert (await wire.upgrade(f"/?token={await world.token()}")).status == 101
    await wire.rfb_handshake()
    return wire


async def settled(counter: list[int]) -> int:
    """The counter's value once it stands still for a while."""
    before = -1
    while counter[0] != before:
        before = counter[0]
        await asyncio.sleep(0.3)
    return before


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
            assert await settled(sent) < KERNEL_BUFFERS_BYTES
            assert tracemalloc.get_traced_memory()[0] < GROWTH_LIMIT_BYTES
        finally:
            tracemalloc.stop()
        wire.send(b"\x04\x01\0\0\0\0\0\x61")
        await asyncio.wait_for(keys.wait(), 5)


async def test_a_target_that_stops_reading_pauses_the_viewer(world: World) -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    async with listening(deaf) as address:
        world.aim(address)
        wire = await opened(world)
        sent = [0]
        keys = b"\x04\x01\0\0\0\0\0\x61" * 1000

        async def type_on() -> None:
            while sent[0] < OFFERED_BYTES:
                wire.send(keys)
                await wire.writer.drain()
                sent[0] += len(keys)

        typing = asyncio.create_task(type_on())
        try:
            assert await settled(sent) < KERNEL_BUFFERS_BYTES
        finally:
            typing.cancel()
        world.sessions.sweep()
        assert len(world.sessions) == 1


async def test_pings_of_a_viewer_that_does_not_read_do_not_pile_up(world: World) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    async with listening(flood) as address:
        world.aim(address)
        wire = await opened(world)
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(0.5)
        tracemalloc.start()
        try:
            for _ in range(20000):
                wire.send(b"p" * 125, opcode=9)
            await wire.writer.drain()
            await asyncio.sleep(0.3)
            ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/keyhole/*")])
            assert sum(stat.size for stat in ours.statistics("filename")) < GROWTH_LIMIT_BYTES
        finally:
            tracemalloc.stop()


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
        (session,) = world.sessions._live.values()
        for _ in range(3):
            session.checked_at -= PING_SECONDS
            world.sessions.sweep()
            assert (await wire.frame()).opcode == 9
        session.checked_at -= PING_SECONDS
        world.sessions.sweep()
        assert (await world.event("console.closed"))["reason"] == "viewer_lost"


async def test_a_viewer_that_answers_pings_stays(world: World) -> None:
    async with listening(echo) as address:
        world.aim(address)
        wire = await opened(world)
        (session,) = world.sessions._live.values()
        for _ in range(6):
            session.checked_at -= PING_SECONDS
            world.sessions.sweep()
            ping = await wire.frame()
            wire.send(ping.payload, opcode=10)
            wire.send(b"\x04\x01\0\0\0\0\0\x61")
            await wire.frame()
        assert len(world.sessions) == 1


class FullTransport(asyncio.Transport):
    """A transport whose peer reads nothing: it told the protocol before so, and tells nobody again."""

    def __init__(self, waiting_bytes: int) -> None:
        super().__init__()
        self.waiting_bytes = waiting_bytes
        self.reading = True
        self.protocol: asyncio.BaseProtocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_write_buffer_size(self) -> int:
        return self.waiting_bytes

    def is_closing(self) -> bool:
        return False

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


async def test_a_transport_that_is_full_when_the_session_begins_pauses_the_other() -> None:
    viewer, target = FullTransport(100_000), FullTransport(100_000)
    pump = Pump(viewer, FrameReader(), target, None, lambda _: None, asyncio.get_running_loop().time, 1)
    pump.start(b"", b"")
    assert (viewer.reading, target.reading) == (False, False)
    viewer.protocol.resume_writing()
    target.protocol.resume_writing()
    assert (viewer.reading, target.reading) == (True, True)
