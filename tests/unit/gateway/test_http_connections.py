"""Limits on connections for pages and API calls, and which of them are closed."""

import asyncio
import errno
import math
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.fakes.waiting import until
from tests.fakes.wire import Wire
from tests.unit.gateway.conftest import World, make_world
from tests.unit.gateway.test_http_protocol import SLOW, Gate, body, get, refusing

from keyhole.gateway.descriptors import TELL_EVERY_SECONDS
from keyhole.gateway.http_server import KEEP_ALIVE_SECONDS
from keyhole.reasons import Reason
from keyhole.telemetry.refusal_lines import LINES_EACH
from keyhole.telemetry.telemetry import Surface

UNREAD_BODY = b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"


async def used(world: World, path: str = "/used") -> Wire:
    """A connection that has received its answer."""
    wire = await world.connect()
    wire.writer.write(get(path))
    assert await body(wire) == f"{path} 0"
    return wire


async def busy(world: World, gate: Gate) -> Wire:
    """A connection whose request is being answered."""
    wire = await world.connect()
    before = len(gate.asked)
    wire.writer.write(SLOW)
    await until(lambda: len(gate.asked) > before)
    return wire


async def test_of_one_address_only_so_many_requests_are_under_way() -> None:
    gate = Gate()
    async with make_world(application=gate, http_per_address=2) as world:
        wires = [await busy(world, gate) for _ in range(2)]
        late = await world.connect()
        late.writer.write(get("/late"))
        assert (await late.answer()).status == 429
        assert b"2 connections from this address" in await late.rest()
        assert world.refused(Reason.LIMIT_ADDRESS) == 1
        gate.opened.set()
        for wire in wires:
            assert await body(wire) == "/slow 2"
        await used(world, "/in")


async def test_an_idle_connection_makes_way_and_a_busy_one_does_not() -> None:
    gate = Gate()
    async with make_world(application=gate, http_per_address=3) as world:
        working = await busy(world, gate)
        oldest = await used(world)
        world.door.http.tick()
        newer = await used(world)
        await used(world, "/newest")
        assert await oldest.rest() == b""
        newer.writer.write(get("/again"))
        assert await body(newer) == "/again 0"
        gate.opened.set()
        assert await body(working) == "/slow 2"


async def test_connections_that_end_or_become_consoles_leave_their_places() -> None:
    async with make_world(http_per_address=1) as world:
        for _ in range(3):
            wire = await used(world)
            await wire.upgrade("/?token=x")
            await until(lambda: not world.door.http._of_network)
        wire = await used(world)
        wire.close()
        await until(lambda: not world.door.http._of_network)
        assert not world.door.http._connections


async def test_the_connections_of_a_proxy_count_for_no_address() -> None:
    gate = Gate()
    async with make_world(application=gate, http_per_address=1, proxies=["127.0.0.1"]) as world:
        for _ in range(3):
            await busy(world, gate)


async def test_a_connection_that_waits_for_a_body_nobody_reads_is_closed() -> None:
    async with make_world(application=refusing) as world:
        wire = await world.connect()
        wire.writer.write(UNREAD_BODY)
        assert (await wire.answer()).status == 200
        await wire.reader.readuntil(b"0\r\n\r\n")
        await until(lambda: not world.door.http.state.tasks)
        for _ in range(KEEP_ALIVE_SECONDS + 1):
            wire.writer.write(b"a")
            await asyncio.sleep(0)
            world.door.http.tick()
        assert await wire.rest() == b""


async def test_a_body_that_nobody_reads_may_still_arrive() -> None:
    async with make_world(application=refusing) as world:
        wire = await world.connect()
        wire.writer.write(UNREAD_BODY + bytes(100_000) + get("/next"))
        for path in ("/early", "/next"):
            assert (await wire.answer()).headers.get("x-path", path) == path
            assert path.encode() in await wire.reader.readuntil(b"0\r\n\r\n")


@contextmanager
def no_descriptors_left() -> Iterator[None]:
    """The process cannot open any more files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
            os.open(os.devnull, os.O_RDONLY)
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_lack_of_descriptors_is_told_and_idle_connections_make_room() -> None:
    gate = Gate()
    async with make_world(application=gate) as world:
        idle, working = await used(world), await busy(world, gate)
        with no_descriptors_left():
            for _ in range(3):
                world.door.http.tick()
        (event,) = world.events("service.degraded")
        assert (event["part"], event["level"]) == ("descriptors", "warning")
        assert "Too many open files" in event["problem"]
        assert "1 idle connections" in event["problem"]
        assert await idle.rest() == b""
        gate.opened.set()
        assert await body(working) == "/slow 2"
        await used(world, "/again")
        for _ in range(TELL_EVERY_SECONDS):
            world.door.http.descriptors.check()
        assert len(world.events("service.degraded")) == 1
        with no_descriptors_left():
            world.door.http.tick()
        assert len(world.events("service.degraded")) == 2


async def test_another_failure_to_open_something_closes_nobody(world: World) -> None:
    wire = await used(world)
    world.door.http.descriptors.failed(OSError(errno.EACCES, "no"))
    wire.writer.write(get("/again"))
    assert await body(wire) == "/again 0"
    assert world.events("service.degraded") == []


async def test_the_clock_has_it_told_when_a_flood_of_refusals_is_over(world: World) -> None:
    for _ in range(LINES_EACH + 5):
        world.telemetry.refused(Reason.NOT_FOUND, Surface.PAGES, "no", client="192.0.2.1")
    world.telemetry._refusal_lines._clock = lambda: math.inf
    world.door.http.tick()
    (more,) = world.events("refused.more")
    assert (more["address"], more["count"]) == ("192.0.2.1", 5)
