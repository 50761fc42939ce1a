"""/c/CONSOLE and /c/CONSOLE/session: the page that reconnects, and the calls that it may make."""

from dataclasses import dataclass

import httpx
import pytest
from tests.api.test_links import problem
from tests.api.world import PUBLIC_URL, SERVER_ID, World, make_page
from tests.fakes.drivers import opening_of

from keyhole.model import ConsoleType, Ticket
from keyhole.reasons import Reason


@dataclass
class Holder:
    """A browser that opened a console."""

    world: World
    ticket: Ticket
    secret: str

    @property
    def path(self) -> str:
        return f"/c/{self.ticket.grant.id}"

    async def ask(self, method: str, path: str = "/session", **headers: str) -> httpx.Response:
        cookie = f"keyhole_ticket={self.secret}"
        return await self.world.ask(method, f"{self.path}{path}", None, Cookie=cookie, **headers)


async def hold(world: World, console_type: ConsoleType = ConsoleType.NOVNC) -> Holder:
    demo = (await world.issuer.validate(world.issuer.token_of("demo"))).identity
    grant = (await world.consoles.create(demo, SERVER_ID, console_type)).grant
    secret, opening = world.tickets.issue(opening_of(grant))
    assert opening.resume is not None
    return Holder(world, opening.resume.ticket, secret)


async def test_the_page_is_told_what_it_comes_back_to() -> None:
    holder = await hold(World())
    response = await holder.ask("GET")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json() == {
        "console": holder.ticket.grant.id,
        "server": {"id": SERVER_ID, "name": "vm1"},
        "console_type": "novnc",
        "protocol": "vnc",
        "rights": "control",
        "user": "demo",
        "resumable": True,
        "expires_at": None,
    }
    assert holder.secret not in holder.world.log.getvalue()


async def test_where_there_is_a_limit_the_page_is_told_it() -> None:
    world = World(maximum_seconds=60)
    holder = await hold(world)
    await world.tickets.flush()
    kept = world.store.tickets[holder.ticket.secret_hash]
    world.store.tickets[kept.secret_hash] = Ticket(
        kept.secret_hash, kept.grant, seen_at=kept.seen_at, opened_at=world.clock()
    )
    assert (await holder.ask("GET")).json()["expires_at"] == "2023-11-14T22:14:20Z"
    world.clock.now += 60
    assert problem(await holder.ask("GET"))["reason"] == "time_limit"


async def test_closing_is_for_good() -> None:
    holder = await hold(World())
    response = await holder.ask("DELETE", Origin=PUBLIC_URL)
    assert (response.status_code, response.content) == (204, b"")
    cookie = response.headers["Set-Cookie"]
    assert cookie == f"keyhole_ticket=; Path={holder.path}; Max-Age=0; HttpOnly; SameSite=Strict; Secure"
    for method in ("GET", "DELETE"):
        again = await holder.ask(method)
        assert again.status_code == 403
        assert problem(again)["reason"] == "viewer_closed"
    await holder.world.tickets.flush()
    assert problem(await holder.ask("GET"))["reason"] == "viewer_closed"


@pytest.mark.parametrize("reason", [Reason.KILLED, Reason.REVOKED, Reason.IDLE_LIMIT, Reason.TIME_LIMIT])
async def test_a_ticket_remembers_why_its_session_was_ended(reason: Reason) -> None:
    holder = await hold(World())
    holder.world.tickets.end(holder.ticket, reason, "by ada")
    content = problem(await holder.ask("GET"))
    assert (content["reason"], content["detail"]) == (reason, "by ada")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_without_the_ticket_there_is_nothing(method: str) -> None:
    world = World()
    holder, other = await hold(world), await hold(world)
    foreign = Holder(world, holder.ticket, other.secret)
    for response in (
        await world.ask(method, f"{holder.path}/session", None),
        await world.ask(method, f"{holder.path}/session", "admin"),
        await foreign.ask(method),
        await Holder(world, holder.ticket, "x" * 43).ask(method),
        await world.ask(method, "/c/nosuch/session", None),
    ):
        assert response.status_code == 403
        assert problem(response)["reason"] == "ticket_unknown"
    assert (await holder.ask("GET")).status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://console.example.com"])
async def test_another_sites_page_may_not_use_the_ticket(method: str, origin: str) -> None:
    holder = await hold(World())
    assert problem(await holder.ask(method, Origin=origin))["reason"] == "origin_refused"
    assert (await holder.ask("GET")).status_code == 200


async def test_a_ticket_that_nobody_used_for_long_is_unknown() -> None:
    holder = await hold(World(resume_seconds=60))
    holder.world.clock.now += 61
    assert problem(await holder.ask("GET"))["reason"] == "ticket_unknown"


async def test_links_say_when_there_is_no_coming_back() -> None:
    world = World(resume_seconds=0)
    demo = (await world.issuer.validate(world.issuer.token_of("demo"))).identity
    token = (await world.consoles.create(demo, SERVER_ID, ConsoleType.NOVNC)).url[-36:]
    response = await world.ask("POST", "/v1/links/inspect", None, body=f'{{"token": "{token}"}}')
    assert response.json()["resumable"] is False


@pytest.mark.parametrize(("console_type", "document"), [(ConsoleType.NOVNC, "noVNC"), (ConsoleType.SERIAL, "serial")])
async def test_the_page_of_a_console_is_the_one_for_its_kind(console_type: ConsoleType, document: str) -> None:
    world = World()
    world.services.pages["/serial.html"] = make_page(b"<html>serial</html>")  # type: ignore[index]
    holder = await hold(world, console_type)
    response = await holder.ask("GET", "")
    assert (response.status_code, response.text) == (200, f"<html>{document}</html>")
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert (await world.ask("GET", holder.path, None)).text == "<html>noVNC</html>"
    del world.services.pages["/serial.html"]  # type: ignore[attr-defined]
    assert (await holder.ask("GET", "")).text == "<html>noVNC</html>"


@pytest.mark.parametrize("path", ["/c/", "/c/xyz", f"/c/{'A' * 32}", f"/c/{'0' * 32}/"])
async def test_there_is_no_other_page_there(path: str) -> None:
    assert (await World().ask("GET", path, None)).status_code == 404
