"""GET /os-console-auth-tokens/{token}."""

from dataclasses import replace
from typing import Any

import pytest
from tests.api.world import SERVER_ID, World

from keyhole.core.links import hash_token
from keyhole.model import ConsoleType, UnixAddress


async def issue(world: World, console_type: ConsoleType = ConsoleType.NOVNC) -> str:
    demo = (await world.issuer.validate(world.issuer.token_of("demo"))).identity
    return (await world.consoles.create(demo, SERVER_ID, console_type)).url[-36:]


async def look_up(world: World, token: str, version: str = "2.31", user: str | None = "admin", query: str = "") -> Any:
    path = f"/compute/v2.1/os-console-auth-tokens/{token}{query}"
    return await world.ask("GET", path, user=user, OpenStack_API_Version=f"compute {version}")


@pytest.mark.parametrize(
    ("console_type", "version", "more"),
    [
        (ConsoleType.NOVNC, "2.31", {}),
        (ConsoleType.NOVNC, "2.99", {}),
        (ConsoleType.SPICE_DIRECT, "2.98", {}),
        (ConsoleType.SPICE_DIRECT, "2.99", {"tls_port": None}),
        (ConsoleType.SPICE_HTML5, "2.104", {}),
    ],
)
async def test_tells_where_the_console_is(console_type: ConsoleType, version: str, more: dict[str, Any]) -> None:
    world = World()
    response = await look_up(world, await issue(world, console_type), version)
    port = 5901 if console_type is ConsoleType.NOVNC else 5930
    assert response.status_code == 200
    assert response.json() == {
        "console": {"instance_uuid": SERVER_ID, "host": "127.0.0.1", "port": port, "internal_access_path": None, **more}
    }


async def test_a_unix_socket_is_told_by_its_path() -> None:
    world = World()
    token = await issue(world)
    grant = world.store.grants[hash_token(token)]
    world.store.grants[hash_token(token)] = replace(grant, address=str(UnixAddress("/run/vm1.vnc")))
    console = (await look_up(world, token)).json()["console"]
    assert (console["host"], console["port"]) == ("/run/vm1.vnc", 0)


async def test_a_console_that_its_driver_opens_itself_has_its_place_as_host() -> None:
    world = World()
    token = await issue(world)
    grant = world.store.grants[hash_token(token)]
    world.store.grants[hash_token(token)] = replace(grant, address="kvm1/7d0a/12")
    console = (await look_up(world, token)).json()["console"]
    assert (console["host"], console["port"], console["internal_access_path"]) == ("kvm1/7d0a/12", 0, None)


async def test_what_the_host_is_asked_for_by_connect_is_told() -> None:
    world = World()
    token = await issue(world)
    grant = world.store.grants[hash_token(token)]
    world.store.grants[hash_token(token)] = replace(grant, address="tcp://10.0.0.5:80/console?ref=OpaqueRef:1")
    assert (await look_up(world, token)).json()["console"] == {
        "instance_uuid": SERVER_ID,
        "host": "10.0.0.5",
        "port": 80,
        "internal_access_path": "/console?ref=OpaqueRef:1",
    }


async def test_looking_uses_nothing_up() -> None:
    world = World()
    token = await issue(world)
    for _ in range(2):
        assert (await look_up(world, token)).status_code == 200
    assert (await world.consoles.redeem(token)).grant.server_id == SERVER_ID


@pytest.mark.parametrize("why", ["unknown", "expired", "used", "gone", "long"])
async def test_a_token_that_is_not_good_is_not_found(why: str) -> None:
    world = World()
    token = await issue(world)
    if why == "unknown":
        token = "x"
    elif why == "expired":
        world.clock.now += 600
    elif why == "used":
        await world.consoles.redeem(token)
    elif why == "gone":
        world.driver.servers = []
    else:
        token = "x" * 5000
    response = await look_up(world, token)
    assert response.status_code == 404
    assert response.json()["itemNotFound"]["message"].startswith("Token not found")
    assert token == "x" or token not in world.log.getvalue()


async def test_a_used_token_is_found_where_links_open_again() -> None:
    world = World(reusable=True)
    token = await issue(world)
    await world.consoles.redeem(token)
    assert (await look_up(world, token)).status_code == 200


@pytest.mark.parametrize("version", ["2.1", "2.30"])
@pytest.mark.parametrize("user", ["admin", "demo"])
async def test_before_2_31_everything_is_refused(version: str, user: str) -> None:
    response = await look_up(World(), "x", version, user)
    assert response.status_code == 400
    assert response.json()["badRequest"]["message"].startswith("The server could not comply with the request")


@pytest.mark.parametrize("user", ["demo", "watcher"])
async def test_is_for_admins_only(user: str) -> None:
    response = await look_up(World(), "x", user=user)
    assert response.status_code == 403


@pytest.mark.parametrize(
    ("version", "query", "status"),
    [("2.98", "?a=1", 200), ("2.99", "?a=1", 400), ("2.99", "?a", 400), ("2.99", "", 200)],
)
async def test_query_arguments_are_refused_from_2_99_on(version: str, query: str, status: int) -> None:
    world = World()
    response = await look_up(world, await issue(world), version, query=query)
    assert response.status_code == status
    if status == 400:
        assert response.json()["badRequest"]["message"] == "Additional properties are not allowed ('a' was unexpected)"


async def test_several_arguments_are_named_in_order() -> None:
    response = await look_up(World(), "x", "2.99", query="?b=1&a=2&a=3")
    assert (
        response.json()["badRequest"]["message"] == "Additional properties are not allowed ('a', 'b' were unexpected)"
    )
