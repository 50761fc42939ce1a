"""Lists of servers, one server, flavors."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.api.world import PUBLIC_URL, SERVER_ID, World, make_server, project_id_of

from keyhole.errors import Unavailable
from keyhole.model import Scope, Server, ServerStatus

ROOT = "/compute/v2.1"
IDS = [f"0000000{number}-0000-0000-0000-000000000000" for number in range(1, 6)]


def many() -> list[Server]:
    mine = [make_server(server_id, f"vm{number}") for number, server_id in enumerate(IDS)]
    return [*mine, make_server("foreign-1", "foreign", "other")]


async def names(world: World, query: str = "", **more: Any) -> list[str]:
    response = await world.ask("GET", f"{ROOT}/servers{query}", **more)
    assert response.status_code == 200, response.text
    return [server["name"] for server in response.json()["servers"]]


async def test_a_project_sees_its_own() -> None:
    world = World(*many())
    assert await names(world) == ["vm0", "vm1", "vm2", "vm3", "vm4"]
    assert await names(world, user="watcher") == ["vm0", "vm1", "vm2", "vm3", "vm4"]
    assert await names(world, user="stranger") == ["foreign"]
    assert await names(world, user="admin") == []


@pytest.mark.parametrize("detail", ["", "/detail"])
@pytest.mark.parametrize("value", ["1", "True", "", "yes"])
async def test_an_admin_may_see_all_projects(detail: str, value: str) -> None:
    world = World(*many())
    path = f"{ROOT}/servers{detail}?all_tenants={value}"
    assert len((await world.ask("GET", path, user="admin")).json()["servers"]) == 6
    response = await world.ask("GET", path, user="demo")
    assert response.status_code == 403
    operation = "detail" if detail else "index"
    assert response.json()["forbidden"]["message"].startswith(
        f"Policy doesn't allow os_compute_api:servers:{operation}:get_all_tenants to be performed."
    )


async def test_an_admin_may_choose_the_project() -> None:
    world = World(*many())
    query = f"?all_tenants=1&project_id={project_id_of('other')}"
    assert await names(world, query, user="admin") == ["foreign"]


async def test_all_tenants_may_be_denied_by_value() -> None:
    world = World(*many())
    assert len(await names(world, "?all_tenants=false")) == 5
    response = await world.ask("GET", f"{ROOT}/servers?all_tenants=maybe")
    assert response.status_code == 400
    assert response.json()["badRequest"]["message"].startswith(
        "Unrecognized value 'maybe', acceptable values are: '0', '1', 'f'"
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?name=vm1", ["vm1"]),
        ("?name=m[34]", ["vm3", "vm4"]),
        ("?name=nosuch", []),
        ("?status=shutoff", ["vm1"]),
        ("?status=ACTIVE&status=SHUTOFF", ["vm0", "vm1", "vm2", "vm3", "vm4"]),
        ("?deleted=False&whatever=1", ["vm0", "vm1", "vm2", "vm3", "vm4"]),
        ("?limit=0", []),
        ("?limit=2", ["vm0", "vm1"]),
        (f"?limit=2&marker={IDS[1]}", ["vm2", "vm3"]),
        (f"?limit=2&marker={IDS[4]}", []),
        ("?limit=99999999999999999999", ["vm0", "vm1", "vm2", "vm3", "vm4"]),
        ("?limit=000000000000001", ["vm0"]),
        (f"?name=vm4&marker={IDS[0]}", ["vm4"]),
    ],
)
async def test_filters_and_pages(query: str, expected: list[str]) -> None:
    servers = many()
    servers[1] = make_server(IDS[1], "vm1", status=ServerStatus.SHUTOFF)
    assert await names(World(*servers), query) == expected


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=-1", "Invalid input for query parameters limit. Value: -1. '-1' does not match '^[0-9]*$'"),
        ("limit=x", "Invalid input for query parameters limit. Value: x. 'x' does not match '^[0-9]*$'"),
        ("marker=nosuch", "marker [nosuch] not found"),
        ("marker=foreign-1", "marker [foreign-1] not found"),
        ("name=%5B", "Invalid input for query parameters name. Value: [. '[' is not a 'regex'"),
        ("name=(a%2B)%2B", "Invalid input for query parameters name. Value: (a+)+. '(a+)+' repeats too much"),
    ],
)
async def test_wrong_queries(query: str, words: str) -> None:
    response = await World(*many()).ask("GET", f"{ROOT}/servers/detail?{query}")
    assert response.status_code == 400
    assert response.json()["badRequest"]["message"].startswith(words)


@pytest.mark.parametrize("path", ["servers", "servers/detail"])
async def test_the_next_link_walks_through_all(path: str) -> None:
    world = World(*many())
    url = f"{ROOT}/{project_id_of('demo')}/{path}?limit=2&name=vm"
    seen = []
    while url:
        content = (await world.ask("GET", url)).json()
        seen += [server["name"] for server in content["servers"]]
        (link,) = content.get("servers_links", [{"href": ""}])
        url = link["href"].removeprefix(PUBLIC_URL)
        if url:
            assert link["rel"] == "next"
            assert urlsplit(url).path == f"{ROOT}/{project_id_of('demo')}/{path}"
            arguments = parse_qs(urlsplit(url).query)
            assert arguments["name"] == ["vm"]
            assert len(arguments["marker"]) == 1
    assert seen == ["vm0", "vm1", "vm2", "vm3", "vm4"]


@pytest.mark.parametrize(
    ("root", "prefix"),
    [
        ("/compute/v2.1", ""),
        ("/compute/v2", ""),
        (f"/compute/v2.1/{project_id_of('demo')}", f"/{project_id_of('demo')}"),
        (f"/compute/v2/{project_id_of('demo')}", f"/{project_id_of('demo')}"),
    ],
)
async def test_links_follow_the_path_that_was_asked(root: str, prefix: str) -> None:
    response = await World().ask("GET", f"{root}/servers")
    assert response.json()["servers"][0]["links"] == [
        {"rel": "self", "href": f"{PUBLIC_URL}{root}/servers/{SERVER_ID}"},
        {"rel": "bookmark", "href": f"{PUBLIC_URL}/compute{prefix}/servers/{SERVER_ID}"},
    ]


RECOMMENDED = """id name status tenant_id user_id created updated hostId addresses flavor image metadata links
 accessIPv4 accessIPv6 key_name config_drive OS-DCF:diskConfig OS-EXT-STS:task_state OS-EXT-STS:vm_state
 OS-EXT-STS:power_state
 OS-EXT-AZ:availability_zone OS-SRV-USG:launched_at OS-SRV-USG:terminated_at os-extended-volumes:volumes_attached
 security_groups"""


async def test_one_server_has_all_that_clients_read() -> None:
    world = World(make_server(status=ServerStatus.PAUSED, created_at=1_700_000_000.0, vcpus=2, memory_mb=2048))
    server = (await world.ask("GET", f"{ROOT}/servers/{SERVER_ID}")).json()["server"]
    assert set(RECOMMENDED.split()) <= set(server)
    assert server["status"] == "PAUSED"
    assert (server["OS-EXT-STS:vm_state"], server["OS-EXT-STS:power_state"]) == ("paused", 3)
    assert server["created"] == "2023-11-14T22:13:20Z"
    assert server["tenant_id"] == project_id_of("demo")
    assert server["flavor"]["id"] == "2x2048"
    assert "host1" not in str(server)
    (detailed,) = (await world.ask("GET", f"{ROOT}/servers/detail")).json()["servers"]
    assert detailed == server


@pytest.mark.parametrize("status", list(ServerStatus))
async def test_every_status_can_be_shown(status: ServerStatus) -> None:
    response = await World(make_server(status=status)).ask("GET", f"{ROOT}/servers/{SERVER_ID}")
    assert response.json()["server"]["status"] == status


async def test_the_flavor_is_embedded_from_2_47_on() -> None:
    world = World(make_server(vcpus=2, memory_mb=2048))
    path = f"{ROOT}/servers/{SERVER_ID}"
    old = (await world.ask("GET", path, OpenStack_API_Version="compute 2.46")).json()["server"]["flavor"]
    new = (await world.ask("GET", path, OpenStack_API_Version="compute 2.47")).json()["server"]["flavor"]
    assert old["links"] == [{"rel": "bookmark", "href": f"{PUBLIC_URL}/compute/flavors/2x2048"}]
    assert (new["original_name"], new["vcpus"], new["ram"]) == ("2x2048", 2, 2048)


async def test_only_an_admin_sees_the_host() -> None:
    server = (await World().ask("GET", f"{ROOT}/servers/{SERVER_ID}", user="admin")).json()["server"]
    assert server["OS-EXT-SRV-ATTR:host"] == "host1"


async def test_host_ids_tell_hosts_apart_and_projects_too() -> None:
    servers = [
        make_server("a"),
        make_server("b"),
        make_server("c", host="host2"),
        make_server("d", host=""),
        make_server("e", project="other"),
    ]
    response = await World(*servers).ask("GET", f"{ROOT}/servers/detail?all_tenants=1", user="admin")
    a, b, c, d, e = [server["hostId"] for server in response.json()["servers"]]
    assert a == b
    assert len({a, c, d, e}) == 4
    assert d == ""


@pytest.mark.parametrize(("user", "status"), [("stranger", 404), ("watcher", 200), ("nobody", 403), ("admin", 200)])
async def test_who_sees_a_server(user: str, status: int) -> None:
    response = await World().ask("GET", f"{ROOT}/servers/{SERVER_ID}", user=user)
    assert response.status_code == status


async def test_without_a_role_nothing_is_listed() -> None:
    response = await World().ask("GET", f"{ROOT}/servers", user="nobody")
    assert response.status_code == 403
    assert response.json()["forbidden"]["message"].startswith("Policy doesn't allow os_compute_api:servers:index")


async def test_an_unscoped_token_sees_nothing() -> None:
    world = World()
    token = world.issuer.token_of("demo", Scope.UNSCOPED)
    response = await world.ask("GET", f"{ROOT}/servers", user=None, X_Auth_Token=token)
    assert response.status_code == 403


async def test_flavors_are_the_sizes_that_the_caller_sees() -> None:
    world = World(
        make_server("b", vcpus=2, memory_mb=2048),
        make_server("a", vcpus=1, memory_mb=512),
        make_server("e", vcpus=16, memory_mb=4096),
        make_server("f", vcpus=8, memory_mb=4096),
        *(make_server(f"g{vcpus}", vcpus=vcpus, memory_mb=1) for vcpus in (7, 5, 6, 4, 3)),
        make_server("c", vcpus=1, memory_mb=512),
        make_server("d", project="other", vcpus=9, memory_mb=9),
    )
    listed = (await world.ask("GET", f"{ROOT}/flavors")).json()["flavors"]
    assert [flavor["id"] for flavor in listed] == [
        "1x512",
        "2x2048",
        "3x1",
        "4x1",
        "5x1",
        "6x1",
        "7x1",
        "8x4096",
        "16x4096",
    ]
    assert set(listed[0]) == {"id", "name", "links"}
    detailed = (await world.ask("GET", f"{ROOT}/flavors/detail?is_public=None")).json()["flavors"]
    assert [(flavor["vcpus"], flavor["ram"]) for flavor in detailed][:3] == [(1, 512), (2, 2048), (3, 1)]
    shown = await world.ask("GET", f"{ROOT}/flavors/2x2048")
    assert shown.json()["flavor"] == detailed[1]
    hidden = await world.ask("GET", f"{ROOT}/flavors/9x9")
    assert hidden.status_code == 404
    assert hidden.json()["itemNotFound"]["message"] == "Flavor 9x9 could not be found."


async def test_when_no_hypervisor_answers_the_list_is_503() -> None:
    world = World()
    world.driver.failure = Unavailable("memory does not answer")
    assert (await world.ask("GET", f"{ROOT}/servers")).status_code == 503
