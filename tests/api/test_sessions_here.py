"""Sessions of the worker that receives the request: they end at once, even if the store fails."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import httpx
import pytest
from tests.api.test_links import problem
from tests.api.test_sessions import PATH, open_session
from tests.api.world import PUBLIC_URL, SERVER_ID, World
from tests.fakes.drivers import opening_of
from tests.fakes.memory_store import WRITING
from tests.fakes.relay import StillRelay
from tests.fakes.waiting import until

from keyhole.core.links import hash_token
from keyhole.core.sessions.live import Session, Sessions
from keyhole.model import ConsoleType, SessionRecord, TerminationRequest
from keyhole.reasons import Reason


@dataclass(kw_only=True)
class Here(StillRelay):
    """A session of this worker that is also its own relay; its viewer has a ticket."""

    world: World
    sessions: Sessions
    secret: str
    session: Session = field(init=False)
    endings: list[tuple[Reason, str]] = field(default_factory=list)

    def end(self, reason: Reason, detail: str = "") -> None:
        self.endings.append((reason, detail))
        self.sessions.closed(self.session, reason, detail)

    async def reconnect(self) -> str:
        """The reason why its viewer cannot reconnect."""
        return str(problem(await self._ask("GET"))["reason"])

    async def close(self) -> httpx.Response:
        """Its viewer closes the console permanently."""
        return await self._ask("DELETE", Origin=PUBLIC_URL)

    async def _ask(self, method: str, **headers: str) -> httpx.Response:
        cookie = f"keyhole_ticket={self.secret}"
        return await self.world.ask(method, f"/c/{self.session.grant.id}/session", None, Cookie=cookie, **headers)


async def open_here(world: World) -> Here:
    identity = (await world.issuer.validate(world.issuer.token_of("demo"))).identity
    grant = (await world.consoles.create(identity, SERVER_ID, ConsoleType.NOVNC)).grant
    sessions = world.sessions.live
    secret, opening = world.tickets.issue(opening_of(grant))
    here = Here(world=world, sessions=sessions, secret=secret)
    with sessions.slot(grant) as place:
        here.session = sessions.opened(place, opening, "192.0.2.9:5", here, time.monotonic(), None)
    return here


@pytest.fixture
async def here(world: World) -> Here:
    """A session of this worker that is in the store."""
    here = await open_here(world)
    await world.sessions.heartbeat.work()
    await world.tickets.flush()
    return here


@pytest.fixture
def world() -> World:
    return World()


async def test_a_session_here_ends_at_once_and_its_ticket_for_all_workers(world: World, here: Here) -> None:
    assert (await world.ask("DELETE", f"{PATH}/{here.session.id}")).status_code == 204
    assert here.endings == [(Reason.KILLED, "by demo")]
    kept = world.store.tickets[hash_token(here.secret)]
    assert (kept.ended, kept.ended_detail) == (Reason.KILLED, "by demo")
    assert world.store.orders == {}


async def test_a_session_here_ends_also_while_the_store_cannot_be_written(world: World, here: Here) -> None:
    with world.store.refusing():
        assert (await world.ask("DELETE", f"{PATH}/{here.session.id}")).status_code == 204
        assert here.endings == [(Reason.KILLED, "by demo")]
        assert await here.reconnect() == "killed"
    assert world.store.tickets[hash_token(here.secret)].ended is None
    await world.tickets.flush()
    assert world.store.tickets[hash_token(here.secret)].ended is Reason.KILLED


async def test_a_session_here_is_shown_and_ends_also_while_the_store_does_not_answer(world: World, here: Here) -> None:
    with world.store.refusing(*(name for name in dir(world.store) if name.startswith(("find_", *WRITING)))):
        shown = await world.ask("GET", f"{PATH}/{here.session.id}")
        assert shown.json()["session"]["id"] == here.session.id
        assert (await world.ask("DELETE", f"{PATH}/{here.session.id}", "stranger")).status_code == 404
        assert here.endings == []
        assert (await world.ask("DELETE", f"{PATH}/{here.session.id}")).status_code == 204
    assert here.endings == [(Reason.KILLED, "by demo")]


async def test_what_a_link_gave_here_ends_also_while_the_store_cannot_be_written(world: World, here: Here) -> None:
    with world.store.refusing():
        response = await world.ask("DELETE", f"/v1/links/{here.session.grant.id}")
        assert response.status_code == 503
        assert problem(response)["reason"] == "dependency_unavailable"
        assert here.endings == [(Reason.REVOKED, "by demo")]
        assert await here.reconnect() == "revoked"


async def test_only_what_the_link_gave_ends_with_it(world: World, here: Here) -> None:
    other = await open_here(world)
    assert (await world.ask("DELETE", f"/v1/links/{here.session.grant.id}")).status_code == 204
    assert here.endings == [(Reason.REVOKED, "by demo")]
    assert other.endings == []


async def test_a_session_that_ends_while_it_is_written_down_does_not_stay_in_the_store(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await open_here(world)
    add = world.store.add_sessions

    async def add_and_end(records: Sequence[SessionRecord]) -> None:
        await add(records)
        here.end(Reason.TARGET_CLOSED)

    monkeypatch.setattr(world.store, "add_sessions", add_and_end)
    await world.sessions.heartbeat.work()
    assert here.endings == [(Reason.TARGET_CLOSED, "")]
    assert world.store.sessions == {}


async def test_closing_a_console_for_good_ends_its_session_here(world: World, here: Here) -> None:
    assert (await here.close()).status_code == 204
    assert here.endings == [(Reason.VIEWER_CLOSED, "")]


async def test_closing_a_console_for_good_ends_its_session_at_another_worker(world: World) -> None:
    here = await open_here(world)
    await world.tickets.flush()
    record = replace(await open_session(world), ticket_hash=hash_token(here.secret))
    await world.store.remove_sessions([record.id])
    await world.store.add_sessions([record])

    async def obey() -> None:
        order = await until(lambda: world.store.orders.get(record.id))
        assert order == TerminationRequest(record.id, Reason.VIEWER_CLOSED)
        await world.store.remove_sessions([record.id])

    closed, _ = await asyncio.gather(here.close(), obey())
    assert closed.status_code == 204
    assert here.endings == [(Reason.VIEWER_CLOSED, "")]
