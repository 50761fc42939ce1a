"""Tickets that the store does not know of yet: whoever is to stay away stays away all the same."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.fakes.waiting import until
from tests.unit.gateway.conftest import World
from tests.unit.gateway.test_tickets import left, opened, with_target

from keyhole.core.links import hash_token
from keyhole.model import Ticket
from keyhole.reasons import Reason


async def test_who_left_does_not_come_back_once_the_link_was_taken_back(world: World) -> None:
    """However late the store learns of the ticket."""
    async with with_target(world):
        with world.store.refusing("add_tickets"):
            holder, wire = await opened(world)
            await left(world, wire)
            await world.store.revoke_console(holder.console_id, world.clock(), "by ada")
            await holder.refused(Reason.REVOKED)
            assert world.store.tickets == {}
        kept = await until(lambda: world.store.tickets.get(hash_token(holder.secret)))
        assert kept.ended is Reason.REVOKED
        await holder.refused(Reason.REVOKED)


async def test_who_left_does_not_come_back_once_another_worker_ended_it(world: World) -> None:
    """Also while what this worker knows of the ticket is on its way to the store."""
    async with with_target(world):
        holder, wire = await opened(world)
        secret_hash = hash_token(holder.secret)
        kept = await until(lambda: world.store.tickets.get(secret_hash))
        with world.store.refusing("update_tickets"):
            await left(world, wire)
            world.store.tickets[secret_hash] = replace(kept, ended=Reason.KILLED, ended_detail="by ada")
            await holder.refused(Reason.KILLED)


async def test_a_ticket_that_was_ended_stays_so_when_its_session_goes_on_and_closes(world: World) -> None:
    async with with_target(world):
        holder, _ = await opened(world)
        (session,) = world.sessions
        await until(lambda: hash_token(holder.secret) in world.store.tickets)
        with world.store.refusing("update_tickets"):
            world.tickets.end(await world.tickets.find(holder.console_id, holder.secret), Reason.KILLED, "by ada")
            session.relay.end(Reason.TARGET_CLOSED)
            await holder.refused(Reason.KILLED)
        await until(lambda: world.store.tickets[hash_token(holder.secret)].ended)
        await holder.refused(Reason.KILLED)


async def test_of_two_that_keep_at_once_none_loses_what_changed_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with with_target(world):
        holder, _ = await opened(world)
        adding, go_on = asyncio.Event(), asyncio.Event()
        add = world.store.add_tickets

        async def add_slowly(tickets: Sequence[Ticket]) -> None:
            await add(tickets)
            adding.set()
            await go_on.wait()

        monkeypatch.setattr(world.store, "add_tickets", add_slowly)
        first = asyncio.create_task(world.tickets.flush())
        await adding.wait()
        world.tickets.end(await world.tickets.find(holder.console_id, holder.secret), Reason.KILLED, "by ada")
        second = asyncio.create_task(world.tickets.flush())
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(first, second)
        assert world.store.tickets[hash_token(holder.secret)].ended is Reason.KILLED
