"""Live sessions through /v1/sessions, and revoking a console's link."""

from dataclasses import replace

import pytest
from tests.api.test_links import problem
from tests.api.world import PUBLIC_URL, SERVER_ID, World, make_server

from keyhole.model import ConsoleType, SessionRecord, TerminationRequest, Ticket
from keyhole.reasons import Reason

PATH = "/v1/sessions"
OTHER_ID = "22222222-2222-3333-4444-555555555555"


async def open_session(
    world: World, letter: str = "a", user: str = "demo", server_id: str = SERVER_ID
) -> SessionRecord:
    """A session as another worker would store it."""
    identity = (await world.issuer.validate(world.issuer.token_of(user))).identity
    grant = (await world.consoles.create(identity, server_id, ConsoleType.NOVNC)).grant
    age = float(ord(letter) - ord("a"))
    record = SessionRecord(
        letter * 32, "w1", None, grant, "192.0.2.9:5", world.clock() - age, world.clock() + 5, 1000, 10
    )
    await world.store.beat("w1", world.clock())
    await world.store.add_sessions([record])
    return record


@pytest.fixture
def world() -> World:
    return World(make_server(), make_server(OTHER_ID, "theirs", "other"))


async def ids(world: World, query: str = "", user: str = "demo") -> list[str]:
    response = await world.ask("GET", f"{PATH}{query}", user)
    assert response.status_code == 200, response.text
    return [session["id"][0] for session in response.json()["sessions"]]


async def test_a_session_is_shown_with_who_and_where(world: World) -> None:
    record = await open_session(world)
    response = await world.ask("GET", f"{PATH}/{record.id}", "watcher")
    assert response.headers["Cache-Control"] == "no-store"
    grant = record.grant
    assert response.json() == {
        "session": {
            "id": "a" * 32,
            "console": grant.id,
            "server": {"id": SERVER_ID, "name": "vm1"},
            "project_id": grant.project_id,
            "user": {"id": grant.user_id, "name": "demo"},
            "console_type": "novnc",
            "protocol": "vnc",
            "rights": "control",
            "viewer": "192.0.2.9:5",
            "opened_at": "2023-11-14T22:13:20Z",
            "last_input_at": "2023-11-14T22:13:25Z",
            "to_viewer_bytes": 1000,
            "to_target_bytes": 10,
        }
    }
    assert grant.token_hash not in response.text
    listed = (await world.ask("GET", PATH, "watcher")).json()
    assert listed == {"sessions": [response.json()["session"]]}


async def test_everybody_sees_the_own_projects_and_an_admin_all(world: World) -> None:
    await open_session(world, "a")
    await open_session(world, "b", "stranger", OTHER_ID)
    assert await ids(world) == ["a"]
    assert await ids(world, user="stranger") == ["b"]
    assert await ids(world, user="admin") == []
    assert await ids(world, "?all_projects=0", "admin") == []
    assert await ids(world, "?all_projects=1", "admin") == ["a", "b"]
    assert problem(await world.ask("GET", f"{PATH}?all_projects=1"))["reason"] == "forbidden"


async def test_pages(world: World) -> None:
    for letter in "abcde":
        await open_session(world, letter)
    assert await ids(world) == list("abcde")
    first = (await world.ask("GET", f"{PATH}?limit=2")).json()
    assert [session["id"][0] for session in first["sessions"]] == ["a", "b"]
    (link,) = first["sessions_links"]
    assert link == {"rel": "next", "href": f"{PUBLIC_URL}/v1/sessions?limit=2&marker={'b' * 32}"}
    assert await ids(world, f"?limit=2&marker={'b' * 32}") == ["c", "d"]
    assert await ids(world, f"?marker={'e' * 32}") == []


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=-1", "?limit=x", "?limit=", "?limit=٣", "?marker=nosuch", "?all_projects=maybe"]
)
async def test_malformed_queries(world: World, query: str) -> None:
    response = await world.ask("GET", f"{PATH}{query}")
    assert response.status_code == 400
    assert problem(response)["reason"] == "request_malformed"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_another_projects_session_is_not_there(world: World, method: str) -> None:
    theirs = await open_session(world, "b", "stranger", OTHER_ID)
    answers = [await world.ask(method, f"{PATH}/{name}") for name in (theirs.id, "c" * 32)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert problem(answers[0]) == problem(answers[1])
    assert (await world.ask("GET", f"{PATH}?marker={theirs.id}")).status_code == 400
    assert world.store.orders == {}


@pytest.mark.parametrize(("user", "status"), [(None, 401), ("nobody", 403), ("watcher", 403), ("stranger", 404)])
async def test_who_may_not_end_a_session(world: World, user: str | None, status: int) -> None:
    record = await open_session(world)
    response = await world.ask("DELETE", f"{PATH}/{record.id}", user)
    assert response.status_code == status
    problem(response)
    assert world.store.orders == {}


@pytest.mark.parametrize("user", ["demo", "admin"])
async def test_a_session_of_another_worker_is_ended_by_an_order(world: World, user: str) -> None:
    record = await open_session(world)
    response = await world.ask("DELETE", f"{PATH}/{record.id}", user)
    assert (response.status_code, response.content) == (204, b"")
    assert list(await world.store.pending_terminations("w1")) == [
        TerminationRequest(record.id, Reason.KILLED, f"by {user}")
    ]


@pytest.mark.parametrize("path", [PATH, f"{PATH}/{'a' * 32}"])
async def test_without_a_role_nothing_is_seen(world: World, path: str) -> None:
    anonymous = await world.ask("GET", path, None)
    assert anonymous.status_code == 401
    assert anonymous.headers["WWW-Authenticate"].startswith("Keystone uri=")
    assert problem(await world.ask("GET", path, "nobody"))["reason"] == "forbidden"


async def test_a_page_of_another_origin_sees_nothing(world: World) -> None:
    response = await world.ask("GET", PATH, Origin="https://evil.example")
    assert problem(response)["reason"] == "origin_refused"


async def test_a_link_is_taken_back_with_all_that_it_gave(world: World) -> None:
    record = await open_session(world)
    ticket = Ticket("ee" * 32, record.grant, seen_at=world.clock())
    await world.store.add_tickets([ticket])
    response = await world.ask("DELETE", f"/v1/links/{record.grant.id}")
    assert response.status_code == 204
    assert (await world.store.pending_terminations("w1"))[0] == TerminationRequest(record.id, Reason.REVOKED, "by demo")
    ended = await world.store.find_ticket(ticket.secret_hash)
    assert ended is not None
    assert (ended.ended, ended.ended_detail) == (Reason.REVOKED, "by demo")


async def test_a_link_that_is_long_gone_is_taken_back_by_what_is_left_of_it(world: World) -> None:
    record = await open_session(world)
    world.store.grants.clear()
    assert (await world.ask("DELETE", f"/v1/links/{record.grant.id}")).status_code == 204
    assert (await world.store.pending_terminations("w1"))[0].reason is Reason.REVOKED


@pytest.mark.parametrize(("user", "status"), [(None, 401), ("watcher", 403), ("stranger", 404)])
async def test_who_may_not_take_a_link_back(world: World, user: str | None, status: int) -> None:
    record = await open_session(world)
    assert (await world.ask("DELETE", f"/v1/links/{record.grant.id}", user)).status_code == status
    assert (await world.ask("DELETE", f"/v1/links/{'0' * 32}", "admin")).status_code == 404
    assert next(iter(world.store.grants.values())).revoked_at is None


async def test_sessions_of_a_worker_that_died_are_not_listed(world: World) -> None:
    await open_session(world)
    world.clock.now += 16
    assert await ids(world) == []


async def test_who_was_ended_does_not_come_back_even_before_the_order_is_obeyed(world: World) -> None:
    record = await open_session(world)
    ticket = Ticket("ee" * 32, record.grant, seen_at=world.clock())
    await world.store.add_tickets([ticket])
    await world.store.remove_sessions([record.id])
    await world.store.add_sessions([replace(record, ticket_hash=ticket.secret_hash)])
    assert (await world.ask("DELETE", f"{PATH}/{record.id}")).status_code == 204
    kept = world.store.tickets[ticket.secret_hash]
    assert (kept.ended, kept.ended_detail) == (Reason.KILLED, "by demo")


async def test_a_session_says_nothing_of_its_ticket(world: World) -> None:
    record = await open_session(world)
    await world.store.remove_sessions([record.id])
    await world.store.add_sessions([replace(record, ticket_hash="ee" * 32)])
    assert "ee" * 32 not in (await world.ask("GET", PATH)).text


async def test_a_session_of_another_worker_cannot_be_ended_while_the_store_cannot_be_written(world: World) -> None:
    record = await open_session(world)
    with world.store.refusing():
        response = await world.ask("DELETE", f"{PATH}/{record.id}")
    assert response.status_code == 503
    assert problem(response)["reason"] == "dependency_unavailable"
