"""Back-pressure of the relay that takes seconds: real kernel buffers are filled until nothing more goes in."""

import asyncio
import tracemalloc

import pytest
from tests.fakes.rfb_messages import cut_text
from tests.fakes.rfb_target import flood, listening, pour, shake_hands
from tests.fakes.waiting import until_still
from tests.unit.gateway.conftest import World, opened
from tests.unit.relay.test_relay import GROWTH_LIMIT_BYTES, KERNEL_BUFFERS_BYTES, KEY_EVENT, OFFERED_BYTES, check

from keyhole.ports.relay import VIEWER_CHECKS

pytestmark = pytest.mark.programs


async def test_a_target_that_stops_reading_pauses_the_viewer(world: World) -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    async with listening(deaf) as address:
        world.aim(address)
        wire = await opened(world)
        sent = [0]
        keys = cut_text(bytes(60_000))

        async def type_on() -> None:
            while sent[0] < OFFERED_BYTES:
                wire.send(keys)
                await wire.writer.drain()
                sent[0] += len(keys)

        typing = asyncio.create_task(type_on())
        try:
            assert await until_still(lambda: sent[0]) < KERNEL_BUFFERS_BYTES
        finally:
            typing.cancel()
        world.sweep()
        assert len(world.sessions) == 1


async def test_pings_of_a_viewer_that_does_not_read_do_not_pile_up(world: World) -> None:
    keys = asyncio.Event()

    async def flooding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)

        async def listen() -> None:
            await reader.readexactly(len(KEY_EVENT))
            keys.set()

        listening_to_keys = asyncio.create_task(listen())
        try:
            await pour(writer)
        finally:
            listening_to_keys.cancel()

    async with listening(flooding) as address:
        world.aim(address)
        wire = await opened(world)
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        (session,) = world.sessions
        await until_still(lambda: session.relay.traffic_bytes)
        tracemalloc.start()
        try:
            for _ in range(20000):
                wire.send(b"p" * 125, opcode=9)
            wire.send(KEY_EVENT)
            await asyncio.wait_for(keys.wait(), 10)  # the pings before it have been read
            ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/keyhole/*")])
            assert sum(stat.size for stat in ours.statistics("filename")) < GROWTH_LIMIT_BYTES
        finally:
            tracemalloc.stop()


async def test_a_slow_viewer_that_takes_its_screen_is_there_and_a_stuck_one_is_lost(world: World) -> None:
    async with listening(flood) as address:
        world.aim(address)
        wire = await opened(world)
        (relay,) = (session.relay for session in world.sessions)
        for _ in range(2 * VIEWER_CHECKS):
            before = relay.traffic_bytes
            await until_still(lambda: relay.traffic_bytes)
            check(world)
            async with asyncio.timeout(10):
                while relay.traffic_bytes == before:  # what is left unread stops the line by itself
                    await wire.reader.read(65536)
        assert len(world.sessions) == 1
        await until_still(lambda: relay.traffic_bytes)
        for _ in range(VIEWER_CHECKS + 1):
            if len(world.sessions):
                check(world)
        assert (await world.event("console.closed"))["reason"] == "viewer_lost"


async def test_a_slow_viewer_still_gets_all_that_its_target_said_before_its_end(patient_world: World) -> None:
    screen = bytes(range(256)) * 40_000

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        writer.write(screen)

    async with listening(target) as address:
        patient_world.aim(address)
        wire = await opened(patient_world)
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        (session,) = patient_world.sessions
        await until_still(lambda: session.relay.traffic_bytes)
        wire.writer.transport.resume_reading()  # type: ignore[attr-defined]
        received = b""
        while (frame := await wire.frame()).opcode == 2:
            received += frame.payload
        assert received == screen
        assert frame.close_reason == "target_closed"
