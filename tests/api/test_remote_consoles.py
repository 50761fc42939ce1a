"""POST /servers/{id}/remote-consoles (from microversion 2.6 on)."""

import json
from typing import Any

import pytest
from tests.api.world import PUBLIC_URL, SERVER_ID, World, make_server

from keyhole.errors import Unavailable
from keyhole.model import Protocol

PATH = f"/compute/v2.1/servers/{SERVER_ID}/remote-consoles"
PROTOCOLS = ["vnc", "spice", "serial", "rdp"]
TYPES = ["novnc", "xvpvnc", "spice-html5", "serial", "rdp-html5"]


async def create(world: World, protocol: Any, console_type: Any, version: str = "2.6", **more: Any) -> Any:
    body = json.dumps({"remote_console": {"protocol": protocol, "type": console_type}})
    return await world.ask(
        "POST", more.pop("path", PATH), body=body, OpenStack_API_Version=f"compute {version}", **more
    )


def message(response: Any) -> str:
    ((fault),) = response.json().values()
    text = fault["message"]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(
    ("protocol", "console_type", "version", "start"),
    [
        ("vnc", "novnc", "2.6", f"{PUBLIC_URL}/vnc_lite.html?path=%3Ftoken%3D"),
        ("vnc", "xvpvnc", "2.8", f"{PUBLIC_URL}/console?token="),
        ("spice", "spice-html5", "2.99", f"{PUBLIC_URL}/spice_auto.html?token="),
        ("spice", "spice-direct", "2.99", f"{PUBLIC_URL}/nova?token="),
        ("serial", "serial", "latest", "wss://console.example.com/?token="),
    ],
)
async def test_gives_exactly_protocol_type_and_url(protocol: str, console_type: str, version: str, start: str) -> None:
    response = await create(World(), protocol, console_type, version)
    assert response.status_code == 200
    console = response.json()["remote_console"]
    assert (console["protocol"], console["type"]) == (protocol, console_type)
    assert console["url"].startswith(start)
    assert set(console) == {"protocol", "type", "url"}
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers.get_list("Vary") == ["OpenStack-API-Version", "X-OpenStack-Nova-API-Version"]


@pytest.mark.parametrize(
    ("version", "protocols", "types"),
    [
        ("2.6", PROTOCOLS, TYPES),
        ("2.7", PROTOCOLS, TYPES),
        ("2.8", [*PROTOCOLS, "mks"], [*TYPES, "webmks"]),
        ("2.98", [*PROTOCOLS, "mks"], [*TYPES, "webmks"]),
        ("2.99", [*PROTOCOLS, "mks"], [*TYPES, "webmks", "spice-direct"]),
        ("2.104", [*PROTOCOLS, "mks"], [*TYPES, "webmks", "spice-direct"]),
    ],
)
async def test_enumerations_grow_with_the_version(version: str, protocols: list[str], types: list[str]) -> None:
    world = World()
    response = await create(world, "bogus", "novnc", version)
    assert response.status_code == 400
    assert (
        message(response)
        == f"Invalid input for field/attribute protocol. Value: bogus. 'bogus' is not one of {protocols}"
    )
    response = await create(world, "vnc", "bogus", version)
    assert message(response) == f"Invalid input for field/attribute type. Value: bogus. 'bogus' is not one of {types}"


@pytest.mark.parametrize(
    ("protocol", "console_type"),
    [
        ("vnc", "serial"),
        ("vnc", "spice-html5"),
        ("vnc", "rdp-html5"),
        ("spice", "novnc"),
        ("serial", "novnc"),
        ("mks", "novnc"),
        ("vnc", "webmks"),
    ],
)
async def test_a_type_of_another_protocol_is_invalid(protocol: str, console_type: str) -> None:
    response = await create(World(), protocol, console_type, "2.99")
    assert response.status_code == 400
    assert message(response).startswith(f"Invalid console type {console_type}")


@pytest.mark.parametrize("console_type", TYPES)
async def test_rdp_is_refused_with_any_type(console_type: str) -> None:
    response = await create(World(), "rdp", console_type)
    assert response.status_code == 400
    assert message(response).startswith("The server could not comply with the request")


@pytest.mark.parametrize(("protocol", "console_type"), [("rdp", "rdp-html5"), ("vnc", "serial")])
async def test_the_server_is_looked_for_before_the_type(protocol: str, console_type: str) -> None:
    response = await create(World(), protocol, console_type, path="/compute/v2.1/servers/nosuch/remote-consoles")
    assert response.status_code == 404
    assert message(response) == "Instance nosuch could not be found."


@pytest.mark.parametrize("console_type", ["webmks", "spice-html5"])
async def test_what_is_not_offered_is_unavailable(console_type: str) -> None:
    world = World(make_server(protocols=frozenset({Protocol.SERIAL})))
    response = await create(world, "mks" if console_type == "webmks" else "spice", console_type, "2.8")
    assert response.status_code == 400
    assert message(response) == f"Unavailable console type {console_type}. This server offers serial."
    assert world.refusals("console_type_unavailable") == 1


async def test_a_server_without_consoles_says_so() -> None:
    response = await create(World(make_server(protocols=frozenset())), "vnc", "novnc")
    assert message(response) == "Unavailable console type novnc. This server offers no console."


@pytest.mark.parametrize(
    ("protocol", "console_type"), [("vnc", "novnc"), ("spice", "spice-html5"), ("serial", "serial"), ("mks", "webmks")]
)
async def test_a_busy_server_is_a_conflict(protocol: str, console_type: str) -> None:
    response = await create(World(make_server(task_state="deleting")), protocol, console_type, "2.8")
    assert response.status_code == 409
    assert (
        message(response) == f"Cannot 'get_{protocol}_console' instance {SERVER_ID} while it is in task_state deleting"
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "None is not of type 'object'"),
        ("null", "None is not of type 'object'"),
        ("[]", "[] is not of type 'object'"),
        ("{}", "'remote_console' is a required property"),
        (
            '{"remote_console": {"protocol": "vnc", "type": "novnc"}, "b": 1}',
            "Additional properties are not allowed ('b' was unexpected)",
        ),
        (
            '{"remote_console": {"protocol": null, "type": "novnc"}}',
            "Invalid input for field/attribute protocol. Value: None. None is not of type 'string'",
        ),
        (
            '{"remote_console": {"type": "novnc"}}',
            "Invalid input for field/attribute remote_console. Value: {'type': 'novnc'}. "
            "'protocol' is a required property",
        ),
        ("{", "Malformed request body"),
    ],
)
async def test_wrong_bodies(body: str, words: str) -> None:
    response = await World().ask("POST", PATH, body=body, OpenStack_API_Version="compute 2.6")
    assert response.status_code == 400
    assert message(response).startswith(words)


@pytest.mark.parametrize(
    ("user", "server_id", "status"),
    [
        ("watcher", SERVER_ID, 403),
        ("watcher", "nosuch", 404),
        ("stranger", SERVER_ID, 404),
        ("admin", SERVER_ID, 200),
        ("admin", "nosuch", 404),
    ],
)
async def test_the_server_comes_before_policy(user: str, server_id: str, status: int) -> None:
    path = f"/compute/v2.1/servers/{server_id}/remote-consoles"
    response = await create(World(), "vnc", "novnc", path=path, user=user)
    assert response.status_code == status


async def test_is_not_there_before_2_6() -> None:
    response = await create(World(), "vnc", "novnc", "2.5")
    assert response.status_code == 404
    assert message(response).startswith("The resource could not be found.")
    assert response.headers["OpenStack-API-Version"] == "compute 2.5"


async def test_a_driver_that_does_not_answer_is_503() -> None:
    world = World()
    world.driver.failure = Unavailable("hypervisor memory does not answer")
    response = await create(world, "vnc", "novnc")
    assert response.status_code == 503
    assert response.json() == {"serviceUnavailable": {"code": 503, "message": "hypervisor memory does not answer"}}
    assert world.refusals("dependency_unavailable") == 1
