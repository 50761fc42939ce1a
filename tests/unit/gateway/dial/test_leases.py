"""A driver's lease for a line is released when the line is closed, however its session ended."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest
from tests.fakes.rfb_target import echo, listening
from tests.fakes.waiting import until
from tests.unit.gateway.conftest import OneServer, World

from keyhole.gateway.dial import leases
from keyhole.gateway.dial.leases import Lease, Leases
from keyhole.model import Dialled, Location, Protocol, Target, UnixAddress
from keyhole.ports.drivers import Caller
from keyhole.ports.opened_targets import HoldsNothing
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.telemetry import Telemetry


class Holding(OneServer):
    """Counts the lines for which it has a lease."""

    held = 0
    opened = 0
    caller: Caller | None = None
    refusal: Exception | None = None
    hangs = False

    def open(self, location: Location, caller: Caller | None) -> AbstractAsyncContextManager[Target]:
        return Line(self, location, caller)


@dataclass
class Line:
    """Not a generator, which would be closed when it is garbage-collected."""

    driver: Holding
    location: Location
    caller: Caller | None

    async def __aenter__(self) -> Target:
        driver = self.driver
        driver.caller = self.caller
        driver.opened += 1
        if driver.hangs:
            await asyncio.Event().wait()
        if driver.refusal is not None:
            raise driver.refusal
        driver.held += 1
        return driver.targets[self.location.protocol]

    async def __aexit__(self, *_: object) -> None:
        self.driver.held -= 1


@asynccontextmanager
async def leaving_by(leave: Callable[[], Awaitable[None]]) -> AsyncIterator[Target]:
    yield Target(Protocol.VNC, Dialled(UnixAddress("/nowhere")))
    await leave()


@pytest.fixture
def holding(world: World) -> Holding:
    world.driver.__class__ = Holding
    assert isinstance(world.driver, Holding)
    return world.driver


async def test_it_is_held_while_the_session_lasts_and_no_longer(world: World, holding: Holding) -> None:
    async with listening(echo) as address:
        world.aim(address)
        token = await world.token()
        assert holding.opened == 0, "making a link opens nothing"
        wire = await world.connect()
        await wire.upgrade(f"/?token={token}")
        await wire.rfb_handshake()
        assert (holding.held, holding.opened) == (1, 1)
        assert holding.caller is not None
        assert (holding.caller.user_name, holding.caller.project_id) == ("alice", "p1")
        assert holding.caller.credential is not None
        assert holding.caller.credential.get_secret_value() == "identity-token"
        wire.close()
        await until(lambda: holding.held == 0)


async def test_it_is_given_up_when_the_console_does_not_open(world: World, holding: Holding) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with listening(hang_up) as address:
        world.aim(address)
        wire = await world.connect()
        await wire.upgrade(f"/?token={await world.token()}")
        assert (await wire.frame()).opcode == 8
        assert holding.opened == 1
        await until(lambda: holding.held == 0)


async def test_it_is_given_up_when_the_viewer_leaves_in_its_handshake(world: World, holding: Holding) -> None:
    async with listening(echo) as address:
        world.aim(address)
        wire = await world.connect()
        await wire.upgrade(f"/?token={await world.token()}")
        await until(lambda: holding.held == 1)
        wire.close()
        await until(lambda: holding.held == 0)


async def test_a_driver_that_fails_to_tidy_up_is_named_and_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LEAVE_SECONDS", 0.01)
    log = io.StringIO()
    kept = Leases(Telemetry(make_logger(log, json=True)))

    async def fail() -> None:
        raise ValueError("a defect")

    async def hang() -> None:
        await asyncio.Event().wait()

    for leave in (fail, hang):
        lease = Lease("kvm-west")
        await lease.enter(leaving_by(leave))
        kept.release(lease)
    await kept.close()
    assert log.getvalue().count("driver kvm-west") == 2


async def test_what_a_line_still_sends_is_waited_for() -> None:
    kept = Leases(Telemetry(make_logger(io.StringIO())))
    lease, left = Lease("x"), asyncio.Event()

    async def leave() -> None:
        left.set()

    await lease.enter(leaving_by(leave))
    kept.release(lease, after_seconds=0.01)
    await asyncio.sleep(0)
    assert not left.is_set()
    await kept.close()
    assert left.is_set()


async def test_a_driver_that_holds_nothing_costs_no_task() -> None:
    target = Target(Protocol.VNC, Dialled(UnixAddress("/nowhere")))

    async def find() -> Target:
        return target

    kept, lease = Leases(Telemetry(make_logger(io.StringIO()))), Lease("static")
    assert await lease.enter(HoldsNothing(find)) is target
    assert lease.is_empty
    before = len(asyncio.all_tasks())
    kept.release(lease)
    assert len(asyncio.all_tasks()) == before
