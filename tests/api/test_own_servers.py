"""GET /v1/servers."""

import pytest
from tests.api.test_links import problem
from tests.api.world import SERVER_ID, World, make_server, project_id_of

from keyhole.errors import Unavailable
from keyhole.model import ConsoleType, Protocol, ServerStatus

PATH = "/v1/servers"
OTHER_ID = "22222222-2222-3333-4444-555555555555"


def many(count: int = 5) -> World:
    return World(*(make_server(str(number), f"vm{number}") for number in range(count)))


async def ids(world: World, query: str = "", user: str = "demo") -> list[str]:
    response = await world.ask("GET", f"{PATH}{query}", user)
    assert response.status_code == 200, response.text
    return [server["id"] for server in response.json()["servers"]]


async def open_console(world: World, user: str = "demo", server_id: str = SERVER_ID) -> None:
    identity = (await world.issuer.validate(world.issuer.token_of(user))).identity
    created = await world.consoles.create(identity, server_id, ConsoleType.SERIAL)
    await world.consoles.redeem(created.url[-36:])


async def test_a_server_is_shown_with_its_consoles() -> None:
    world = World(
        make_server(status=ServerStatus.SHUTOFF, keeps_log=True, protocols=frozenset({Protocol.SERIAL, Protocol.VNC}))
    )
    response = await world.ask("GET", PATH, "watcher")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json() == {
        "servers": [
            {
                "id": SERVER_ID,
                "name": "vm1",
                "project": {"id": project_id_of("demo"), "name": "demo"},
                "host": "",
                "status": "SHUTOFF",
                "consoles": ["serial", "vnc"],
                "console_log": True,
                "last_opened": None,
            }
        ]
    }


async def test_who_last_opened_it() -> None:
    world = World(make_server(), make_server("s2"))
    await open_console(world)
    world.clock.now += 60
    await open_console(world, "admin")
    opened, untouched = (await world.ask("GET", PATH)).json()["servers"]
    assert opened["last_opened"] == {"user": "admin", "at": "2023-11-14T22:14:20Z"}
    assert untouched["last_opened"] is None


async def test_a_link_that_nobody_opened_counts_for_nothing() -> None:
    world = World()
    demo = (await world.issuer.validate(world.issuer.token_of("demo"))).identity
    await world.consoles.create(demo, SERVER_ID, ConsoleType.NOVNC)
    (server,) = (await world.ask("GET", PATH)).json()["servers"]
    assert server["last_opened"] is None


async def test_an_admin_sees_the_host_and_when_asking_all_projects() -> None:
    world = World(make_server(), make_server(OTHER_ID, "theirs", "other"), make_server("s3", "odd", "nobody's"))
    assert await ids(world) == [SERVER_ID]
    assert await ids(world, user="stranger") == [OTHER_ID]
    assert await ids(world, user="admin") == []
    assert await ids(world, "?all_projects=0", "admin") == []
    servers = (await world.ask("GET", f"{PATH}?all_projects=1", "admin")).json()["servers"]
    assert [server["host"] for server in servers] == ["host1"] * 3
    assert [server["project"]["name"] for server in servers] == ["demo", "other", project_id_of("nobody's")]
    assert problem(await world.ask("GET", f"{PATH}?all_projects=1"))["reason"] == "forbidden"


async def test_pages() -> None:
    world = many()
    first = (await world.ask("GET", f"{PATH}?limit=2")).json()
    assert [server["id"] for server in first["servers"]] == ["0", "1"]
    assert first["next_marker"] == "1"
    assert await ids(world, "?limit=2&marker=1") == ["2", "3"]
    last = (await world.ask("GET", f"{PATH}?limit=2&marker=2")).json()
    assert [server["id"] for server in last["servers"]] == ["3", "4"]
    assert "next_marker" not in last
    assert await ids(world, "?marker=4") == []


async def test_a_page_has_a_thousand_at_most() -> None:
    world = many(1001)
    for query in ("", "?limit=5000", f"?limit={'9' * 30}"):
        content = (await world.ask("GET", f"{PATH}{query}")).json()
        assert (len(content["servers"]), content["next_marker"]) == (1000, "999")


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=-1", "?limit=x", "?limit=", "?limit=٣", "?marker=", "?marker=x", "?all_projects=2"]
)
async def test_malformed_queries(query: str) -> None:
    response = await many().ask("GET", f"{PATH}{query}")
    assert response.status_code == 400
    assert problem(response)["reason"] == "request_malformed"


async def test_a_server_of_another_project_is_no_marker() -> None:
    world = World(make_server(), make_server(OTHER_ID, "theirs", "other"))
    answers = [await world.ask("GET", f"{PATH}?marker={name}") for name in (OTHER_ID, OTHER_ID.replace("2", "3"))]
    assert [answer.status_code for answer in answers] == [400, 400]


async def test_without_a_role_nothing_is_seen() -> None:
    world = World()
    assert (await world.ask("GET", PATH, None)).status_code == 401
    assert problem(await world.ask("GET", PATH, "nobody"))["reason"] == "forbidden"
    assert problem(await world.ask("GET", PATH, Origin="https://evil.example"))["reason"] == "origin_refused"


async def test_when_no_driver_answers() -> None:
    world = World()
    world.driver.failure = Unavailable("The host is gone.")
    response = await world.ask("GET", PATH)
    assert response.status_code == 503
    assert problem(response)["reason"] == "dependency_unavailable"


@pytest.mark.parametrize("name", ["half\ud800", "\x1b[2J", "a\u2028b", "\0"])
async def test_a_name_that_a_guest_chose_spoils_no_list(name: str) -> None:
    world = World(make_server(name=name), make_server("other", "vm2"))
    response = await world.ask("GET", PATH)
    assert response.status_code == 200
    assert [server["name"] for server in response.json()["servers"]] == [name, "vm2"]
