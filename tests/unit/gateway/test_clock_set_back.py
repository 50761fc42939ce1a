"""The wall clock is set back by a day while consoles are open."""

import asyncio
from dataclasses import replace

from tests.fakes.rfb_messages import key_event
from tests.fakes.waiting import until
from tests.unit.gateway.conftest import World, make_world
from tests.unit.gateway.test_tickets import ORIGIN, Holder, left, opened, with_target

from keyhole.core.links import hash_token
from keyhole.core.sessions.live import SessionLimits

DAY_SECONDS = 86400


async def test_when_the_clock_is_set_back_a_worker_and_its_sessions_live_on(world: World) -> None:
    async with with_target(world):
        await opened(world)
        (session,) = world.sessions
        await until(lambda: session.id in world.store.sessions)
        world.clock.ahead -= DAY_SECONDS
        await until(lambda: set(world.store.workers.values()) and max(world.store.workers.values()) <= world.clock())
        assert [record.id for record in await world.registry.list()] == [session.id]


async def test_when_the_clock_is_set_back_sessions_of_dead_workers_are_gone(world: World) -> None:
    async with with_target(world):
        await opened(world)
        (session,) = world.sessions
        record = await until(lambda: world.store.sessions.get(session.id))
        await world.store.beat("dead", world.clock())
        await world.store.add_sessions([replace(record, id="d" * 32, worker="dead")])
        assert len(await world.registry.list()) == 2
        world.clock.ahead -= DAY_SECONDS
        await until(
            lambda: (
                max(world.store.workers[worker] for worker in world.store.workers if worker != "dead") < world.clock()
            )
        )
        assert [record.id for record in await world.registry.list()] == [session.id]
        await world.registry.sweep()
        assert set(world.store.sessions) == {session.id}


async def test_when_the_clock_is_set_back_tickets_and_sessions_are_kept_up_to_date(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        (session,) = world.sessions
        await until(lambda: world.store.tickets and session.id in world.store.sessions)
        world.clock.ahead -= DAY_SECONDS
        wire.send(key_event())
        await until(lambda: world.store.tickets[hash_token(holder.secret)].input_at is not None)
        await until(lambda: world.store.sessions[session.id].to_target_bytes > 0)


async def test_time_that_a_console_was_open_is_not_taken_back_with_the_clock() -> None:
    async with make_world(limits=SessionLimits(maximum_seconds=1000)) as world, with_target(world):
        wire = await world.connect()
        answer = await wire.upgrade(f"/?token={await world.token()}", ORIGIN)
        secret = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
        await wire.rfb_handshake()
        (grant,) = world.store.grants.values()
        holder = Holder(world, grant.id, secret)
        world.clock.ahead += 990
        await left(world, wire)
        world.clock.ahead -= DAY_SECONDS
        wire = await holder.reconnect()
        await wire.rfb_handshake()
        (session,) = world.sessions
        assert 989 < asyncio.get_running_loop().time() - session.counted_from < 999
