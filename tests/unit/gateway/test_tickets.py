"""Coming back to a console without its link: what the cookie opens, for whom, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

import pytest
from tests.fakes.memory_store import MemoryStore
from tests.fakes.rfb_target import SERVER_INIT, echo, listening
from tests.fakes.waiting import until
from tests.fakes.wire import Frame, Wire
from tests.unit.gateway.conftest import PUBLIC_URL, SERVER_ID, WARRANT, World, make_world

from keyhole.core.links import hash_token
from keyhole.core.sessions.live import SessionLimits
from keyhole.core.sessions.reauthorization import MAX_UNANSWERED
from keyhole.crypto.sealing import unseal
from keyhole.model import ConsoleType, Server, SessionRecord, TcpAddress, TerminationRequest, Ticket
from keyhole.reasons import Reason
from keyhole.runtime.background import BackgroundTasks, reauthorize

ORIGIN = f"Origin: {PUBLIC_URL}"


@dataclass
class Holder:
    """A browser that holds a ticket."""

    world: World
    console_id: str
    secret: str

    @property
    def cookie(self) -> str:
        return f"Cookie: keyhole_ticket={self.secret}"

    async def upgrade(self, *headers: str, console_id: str | None = None) -> tuple[int, Wire]:
        wire = await self.world.connect()
        answer = await wire.upgrade(f"/c/{console_id or self.console_id}", *headers)
        return answer.status, wire

    async def reconnect(self) -> Wire:
        status, wire = await self.upgrade(self.cookie, ORIGIN)
        assert status == 101
        return wire

    async def refused(self, reason: Reason, *headers: str, console_id: str | None = None) -> None:
        before = self.world.refused(reason)
        status, wire = await self.upgrade(*(headers or (self.cookie, ORIGIN)), console_id=console_id)
        assert (status, await wire.rest()) == (403, b"")
        assert self.world.refused(reason) == before + 1


async def ticket_of(world: World, *headers: str, token: str | None = None) -> tuple[Holder, Wire]:
    """Opens a link as a browser does, as far as the answer to the upgrade."""
    wire = await world.connect()
    answer = await wire.upgrade(f"/?token={token or await world.token()}", *(headers or (ORIGIN,)))
    assert answer.status == 101
    name, _, rest = answer.headers["set-cookie"].partition("=")
    secret, *attributes = rest.split("; ")
    assert name == "keyhole_ticket"
    path = next(attribute for attribute in attributes if attribute.startswith("Path="))
    assert set(attributes) == {path, "Max-Age=608400", "HttpOnly", "SameSite=Strict", "Secure"}
    return Holder(world, path.removeprefix("Path=/c/"), secret), wire


async def opened(world: World) -> tuple[Holder, Wire]:
    holder, wire = await ticket_of(world)
    assert (await wire.rfb_handshake()).payload == SERVER_INIT
    return holder, wire


async def left(world: World, wire: Wire) -> None:
    """The viewer's line breaks."""
    wire.close()
    await until(lambda: len(world.sessions) == 0)


async def close_frame(wire: Wire) -> Frame:
    while (frame := await wire.frame()).opcode != 8:
        pass
    return frame


@asynccontextmanager
async def with_target(world: World) -> AsyncIterator[World]:
    async with listening(echo) as address:
        world.aim(address)
        yield world


async def test_a_browser_comes_back_without_its_link(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        assert holder.console_id == next(iter(world.store.grants.values())).id
        await left(world, wire)
        for _ in range(2):
            wire = await holder.reconnect()
            assert (await wire.rfb_handshake()).payload == SERVER_INIT
            await left(world, wire)
        event = world.events("console.resumed")[-1]
        assert (event["user"], event["server"]) == ("alice", SERVER_ID)
        assert len(world.events("console.opened")) == 1
        resumed = world.telemetry.registry.get_sample_value("keyhole_sessions_resumed_total", {"type": "novnc"})
        assert resumed == 2
        assert holder.secret not in world.log.getvalue()
        assert hash_token(holder.secret) not in world.log.getvalue()


async def test_only_browsers_get_a_ticket_and_only_where_there_are_some() -> None:
    for resume_seconds, headers in ((3600, ()), (0, (ORIGIN,))):
        async with make_world(resume_seconds=resume_seconds) as world, with_target(world):
            wire = await world.connect()
            answer = await wire.upgrade(f"/?token={await world.token()}", *headers)
            assert (answer.status, "set-cookie" in answer.headers) == (101, False)
            await wire.rfb_handshake()
            assert world.store.tickets == {}


async def test_each_console_has_a_ticket_of_its_own(world: World) -> None:
    async with with_target(world):
        one, _ = await opened(world)
        other, _ = await opened(world)
        assert one.console_id != other.console_id
        await one.refused(Reason.TICKET_UNKNOWN, one.cookie, ORIGIN, console_id=other.console_id)


@pytest.mark.parametrize("origin", [(), ("Origin: https://evil.example",), ("Origin: null",), (ORIGIN, ORIGIN)])
async def test_only_our_own_page_may_use_a_ticket(world: World, origin: tuple[str, ...]) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        await left(world, wire)
        await holder.refused(Reason.ORIGIN_REFUSED, holder.cookie, *origin)


@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "A" * 5000, "ü", '"'])
async def test_a_ticket_that_never_was_opens_nothing(world: World, secret: str) -> None:
    async with with_target(world):
        holder, _ = await opened(world)
        await holder.refused(Reason.TICKET_UNKNOWN, f"Cookie: keyhole_ticket={secret}", ORIGIN)
        await holder.refused(Reason.TICKET_UNKNOWN, ORIGIN)


async def test_the_first_cookie_counts_which_is_the_one_of_the_longest_path(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        await left(world, wire)
        status, _ = await holder.upgrade(f"{holder.cookie}; keyhole_ticket=planted", ORIGIN)
        assert status == 101
        await holder.refused(
            Reason.TICKET_UNKNOWN, f"Cookie: keyhole_ticket=planted; keyhole_ticket={holder.secret}", ORIGIN
        )


async def test_a_ticket_is_as_long_good_as_it_says(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        await left(world, wire)
        world.clock.ahead += 3590
        wire = await holder.reconnect()
        await wire.rfb_handshake()
        world.clock.ahead += 7200  # while there is a session no time runs off
        wire = await holder.reconnect()
        await wire.rfb_handshake()
        await left(world, wire)
        world.clock.ahead += 3610
        await holder.refused(Reason.TICKET_UNKNOWN)


async def test_the_maximum_is_counted_from_the_first_opening() -> None:
    async with make_world(limits=SessionLimits(maximum_seconds=1000)) as world, with_target(world):
        wire = await world.connect()
        answer = await wire.upgrade(f"/?token={await world.token()}", ORIGIN)
        assert "Max-Age=4600;" in answer.headers["set-cookie"]
        await wire.rfb_handshake()
        (grant,) = world.store.grants.values()
        holder = Holder(world, grant.id, answer.headers["set-cookie"].partition("=")[2].partition(";")[0])
        await left(world, wire)
        world.clock.ahead += 990
        wire = await holder.reconnect()
        await wire.rfb_handshake()
        (session,) = world.sessions
        assert 989 < asyncio.get_running_loop().time() - session.counted_from < 999
        session.counted_from -= 20
        world.sweep()
        assert (await close_frame(wire)).close_reason.startswith("time_limit")
        await holder.refused(Reason.TIME_LIMIT)
        world.clock.ahead += 20
        await holder.refused(Reason.TIME_LIMIT)


async def test_time_away_counts_as_time_without_input() -> None:
    async with make_world(limits=SessionLimits(idle_seconds=600)) as world, with_target(world):
        holder, wire = await opened(world)
        await left(world, wire)
        world.clock.ahead += 599
        wire = await holder.reconnect()
        await wire.rfb_handshake()
        world.sweep()
        assert len(world.sessions) == 1
        await left(world, wire)
        world.clock.ahead += 2
        wire = await holder.reconnect()
        await wire.rfb_handshake()
        world.sweep()
        assert (await close_frame(wire)).close_reason.startswith("idle_limit")
        await holder.refused(Reason.IDLE_LIMIT)


async def test_a_server_that_moved_is_followed(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        await left(world, wire)
        async with listening(echo) as elsewhere:
            world.aim(elsewhere)
            wire = await holder.reconnect()
            assert (await wire.rfb_handshake()).payload == SERVER_INIT
            (session,) = world.sessions
            assert session.grant.address == str(elsewhere)


async def test_a_server_that_is_off_is_waited_for(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        await left(world, wire)
        world.driver.gone = True
        wire = await holder.reconnect()
        assert (await close_frame(wire)).close_reason.startswith("target_unreachable")
        world.driver.gone = False
        assert (await (await holder.reconnect()).rfb_handshake()).payload == SERVER_INIT


async def test_a_server_of_another_project_by_now_is_not_come_back_to(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        await left(world, wire)

        async def found(server_id: str) -> Server:
            return Server(server_id, "vm1", "p2")

        monkeypatch.setattr(world.driver, "find_server", found)
        await holder.refused(Reason.REVOKED)
        monkeypatch.undo()
        await holder.refused(Reason.REVOKED)


async def test_who_may_open_consoles_no_more_does_not_come_back(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        await left(world, wire)
        world.people.gone = True
        await holder.refused(Reason.REVOKED)
        world.people.gone = False
        await holder.refused(Reason.REVOKED)


async def test_a_viewer_that_comes_back_replaces_itself(world: World) -> None:
    async with with_target(world):
        holder, lost = await opened(world)
        wire = await holder.reconnect()
        frame = await close_frame(lost)
        assert (frame.close_code, frame.close_reason) == (4024, "viewer_replaced")
        await wire.rfb_handshake()
        assert len(world.sessions) == 1


async def test_of_two_that_come_back_at_once_one_session_is_left(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        await left(world, wire)
        one, other = await holder.reconnect(), await holder.reconnect()
        await one.rfb_handshake()
        await other.rfb_handshake()
        assert (await close_frame(one)).close_reason == "viewer_replaced"
        assert len(world.sessions) == 1


@pytest.mark.parametrize("reason", [Reason.KILLED, Reason.REVOKED, Reason.IDLE_LIMIT, Reason.TIME_LIMIT])
async def test_a_session_that_was_ended_on_purpose_is_not_come_back_to(world: World, reason: Reason) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        (session,) = world.sessions
        session.relay.end(reason, "by ada")
        assert (await close_frame(wire)).close_reason == f"{reason}: by ada"
        await holder.refused(reason)


async def test_a_viewer_that_comes_back_while_its_session_is_killed_does_not_stay(world: World) -> None:
    async with with_target(world):
        holder, _ = await opened(world)
        wire = await holder.reconnect()
        ticket = await world.tickets.find(holder.console_id, holder.secret)
        world.tickets.end(ticket, Reason.KILLED, "by ada")
        await until(lambda: ticket.secret_hash in world.store.tickets and world.store.tickets[ticket.secret_hash].ended)
        await wire.rfb_handshake()
        assert (await close_frame(wire)).close_reason == "killed: by ada"


@pytest.mark.parametrize("reason", [Reason.TARGET_CLOSED, Reason.RESTARTING, Reason.VIEWER_LOST, Reason.INTERNAL_ERROR])
async def test_a_session_that_ended_by_accident_is(world: World, reason: Reason) -> None:
    async with with_target(world):
        holder, _ = await opened(world)
        (session,) = world.sessions
        session.relay.end(reason)
        await (await holder.reconnect()).rfb_handshake()


async def test_a_ticket_outlives_the_service() -> None:
    store = MemoryStore()
    async with listening(echo) as address:
        async with make_world(store=store) as world:
            world.aim(address)
            holder, _ = await opened(world)
        assert store.sessions == {}
        async with make_world(store=store) as world:
            world.aim(address)
            holder.world = world
            await (await holder.reconnect()).rfb_handshake()


async def test_before_its_console_opened_a_ticket_is_worth_what_its_link_is(world: World) -> None:
    world.aim(TcpAddress("127.0.0.1", 1))
    token = await world.token()
    holder, wire = await ticket_of(world, token=token)
    assert (await close_frame(wire)).close_reason.startswith("target_refused")
    async with listening(echo) as address:
        world.aim(address)
        other = await world.connect()
        world.store.grants = {key: replace(grant, address=str(address)) for key, grant in world.store.grants.items()}
        assert (await other.upgrade(f"/?token={token}", ORIGIN)).status == 101
        await other.rfb_handshake()
        await holder.refused(Reason.TOKEN_USED)


async def test_a_console_that_did_not_open_is_tried_again_by_its_ticket(world: World) -> None:
    world.aim(TcpAddress("127.0.0.1", 1))
    token = await world.token()
    holder, wire = await ticket_of(world, token=token)
    await close_frame(wire)
    wire = await holder.reconnect()
    assert (await close_frame(wire)).close_reason.startswith("target_refused")
    async with with_target(world):
        await (await holder.reconnect()).rfb_handshake()
        refused = await world.connect()
        assert (await refused.upgrade(f"/?token={token}", ORIGIN)).status == 403


async def test_a_link_whose_console_does_not_open_by_its_ticket_is_good_again(world: World) -> None:
    world.aim(TcpAddress("127.0.0.1", 1))
    token = await world.token()
    holder, wire = await ticket_of(world, token=token)
    await close_frame(wire)
    world.driver.gone = True
    assert (await close_frame(await holder.reconnect())).close_reason.startswith("target_unreachable")
    assert (await world.consoles.inspect(token)).redeemed_at is None
    world.driver.gone = False
    async with with_target(world):
        await (await holder.reconnect()).rfb_handshake()


async def test_an_order_of_another_worker_is_obeyed_within_a_second(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        (session,) = world.sessions
        await until(lambda: session.id in world.store.sessions)
        begun = asyncio.get_running_loop().time()
        assert await world.store.request_termination(TerminationRequest(session.id, Reason.KILLED, "by ada"))
        assert (await close_frame(wire)).close_reason == "killed: by ada"
        assert asyncio.get_running_loop().time() - begun < 5
        await until(lambda: session.id not in world.store.sessions)
        await holder.refused(Reason.KILLED)


async def test_a_withdrawn_link_ends_what_it_opened(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        await world.store.revoke_console(holder.console_id, world.clock(), "by ada")
        assert (await close_frame(wire)).close_reason.startswith("revoked")
        await holder.refused(Reason.REVOKED)


async def test_the_sessions_of_a_deleted_server_end(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        raw = await world.connect()
        assert (await raw.upgrade(f"/?token={await world.token(ConsoleType.NOVNC)}")).status == 101
        await raw.rfb_handshake()
        world.driver.gone = True
        assert (await close_frame(wire)).close_reason == "revoked: the server no longer exists"
        assert (await close_frame(raw)).close_reason == "revoked: the server no longer exists"
        await holder.refused(Reason.REVOKED)


async def test_a_viewer_that_comes_back_to_another_worker_ends_its_session_at_the_first() -> None:
    store = MemoryStore()
    async with listening(echo) as address, make_world(store=store) as first, make_world(store=store) as second:
        first.aim(address)
        second.aim(address)
        holder, lost = await opened(first)
        await until(lambda: store.sessions and store.tickets)
        holder.world = second
        await (await holder.reconnect()).rfb_handshake()
        assert (await close_frame(lost)).close_reason == "viewer_replaced"
        assert (len(first.sessions), len(second.sessions)) == (0, 1)


async def test_sessions_of_people_who_left_end_when_a_service_starts_that_knows() -> None:
    store = MemoryStore()
    async with listening(echo) as address, make_world(store=store) as first:
        first.aim(address)
        _, wire = await opened(first)
        await until(lambda: store.sessions)
        store.workers = {worker: first.clock() for worker in store.workers}
        async with make_world(store=store, people_gone=True):
            assert (await close_frame(wire)).close_reason == "revoked"


async def test_sessions_end_when_the_rights_are_withdrawn_and_are_not_come_back_to(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        review = await world.reauthorization.end_revoked()
        assert (review.allowed, review.revoked, review.unknown) == (1, 0, 0)
        assert world.people.asked == [WARRANT]
        world.people.gone = True
        review = await world.reauthorization.end_revoked()
        assert (review.allowed, review.revoked, review.unknown) == (0, 1, 0)
        assert (await close_frame(wire)).close_reason == "revoked: the user's rights were withdrawn"
        await holder.refused(Reason.REVOKED)


async def test_all_sessions_of_a_warrant_are_asked_about_once(world: World) -> None:
    async with with_target(world):
        for _ in range(3):
            await opened(world)
        await world.reauthorization.end_revoked()
        assert len(world.sessions) == 3
        assert world.people.asked == [WARRANT]


async def test_who_comes_back_is_asked_about_by_the_same_warrant_also_after_a_restart() -> None:
    store = MemoryStore()
    async with listening(echo) as address:
        async with make_world(store=store) as world:
            world.aim(address)
            holder, wire = await opened(world)
            await left(world, wire)
        async with make_world(store=store) as world:
            world.aim(address)
            holder.world = world
            await (await holder.reconnect()).rfb_handshake()
            await world.reauthorization.end_revoked()
            assert world.people.asked == [WARRANT, WARRANT]


async def test_an_identity_service_that_is_silent_takes_nothing_from_anybody(world: World) -> None:
    async with with_target(world):
        holder, wire = await opened(world)
        world.people.silent = True
        review = await world.reauthorization.end_revoked()
        assert (review.allowed, review.revoked, review.unknown) == (0, 0, 1)
        assert review.problem == "The identity service sleeps."
        await left(world, wire)
        await (await holder.reconnect()).rfb_handshake()
        assert len(world.sessions) == 1


async def test_a_silent_identity_service_is_not_asked_about_everybody(world: World) -> None:
    async with with_target(world):
        for _ in range(MAX_UNANSWERED + 2):
            _, wire = await opened(world)
        for number, session in enumerate(world.sessions):
            session.requester = replace(WARRANT, token=f"token-{number}")
        world.people.silent = True
        assert (await world.reauthorization.end_revoked()).unknown == MAX_UNANSWERED
        assert len(world.people.asked) == MAX_UNANSWERED == 3
        assert len(world.sessions) == MAX_UNANSWERED + 2
        wire.close()


async def test_silence_is_told_once_and_again_after_it_was_over(world: World) -> None:
    def reviewed(outcome: str) -> float:
        return world.telemetry.registry.get_sample_value("keyhole_reauthorizations_total", {"outcome": outcome}) or 0

    async def go_on(outcome: str) -> None:
        before = reviewed(outcome)
        await until(lambda: reviewed(outcome) > before + 2)

    async with with_target(world):
        await opened(world)
        rights = partial(reauthorize, world.reauthorization, 0.01, world.telemetry)
        with BackgroundTasks(world.telemetry).running(reauthorize=rights):
            for silences in (1, 2):
                await go_on("allowed")
                world.people.silent = True
                await go_on("unknown")
                told = [(event["part"], event["problem"]) for event in world.events("service.degraded")]
                assert told == [("identity", "The identity service sleeps.")] * silences
                world.people.silent = False
        assert len(world.sessions) == 1


async def test_the_store_has_no_identity_token(world: World) -> None:
    async with with_target(world):
        await opened(world)
        await until(lambda: world.store.tickets and world.store.sessions)
        store = world.store
        held: tuple[Ticket | SessionRecord, ...] = (*store.tickets.values(), *store.sessions.values())
        grants = (*store.grants.values(), *(one.grant for one in held))
        sealed = [grant.sealed_requester for grant in grants if grant.sealed_requester]
        assert len(sealed) == 3
        assert not [one for one in sealed if WARRANT.token in one]
        (ticket,) = world.store.tickets.values()
        assert unseal(ticket.grant.sealed_requester or "", ticket.secret_hash) is None
