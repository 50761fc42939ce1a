"""The four old actions, which are chosen by their bodies (microversions 2.1 to 2.5)."""

import json
from typing import Any

import pytest
from tests.api.world import PUBLIC_URL, SERVER_ID, World, make_server, project_id_of

from keyhole.model import Protocol, ServerStatus

ACTION = f"/compute/v2.1/servers/{SERVER_ID}/action"
ACTIONS = {
    "os-getVNCConsole": ("novnc", "get_vnc_console", "/vnc_lite.html?path=%3Ftoken%3D"),
    "os-getSPICEConsole": ("spice-html5", "get_spice_console", "/spice_auto.html?token="),
    "os-getSerialConsole": ("serial", "get_serial_console", "/?token="),
}


def message(response: Any, fault: str) -> str:
    body = response.json()
    assert list(body) == [fault]
    assert body[fault]["code"] == response.status_code
    text = body[fault]["message"]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("action", ACTIONS)
async def test_gives_exactly_type_and_url(action: str) -> None:
    console_type, _, path = ACTIONS[action]
    world = World()
    response = await world.ask("POST", ACTION, body=json.dumps({action: {"type": console_type}}))
    assert response.status_code == 200
    console = response.json()["console"]
    assert list(response.json()) == ["console"]
    assert set(console) == {"type", "url"}
    assert console["type"] == console_type
    base = "wss://console.example.com" if console_type == "serial" else PUBLIC_URL
    assert console["url"].startswith(base + path)
    (grant,) = world.store.grants.values()
    assert (grant.user_name, grant.server_id, grant.expires_at) == ("demo", SERVER_ID, world.clock() + 600)


@pytest.mark.parametrize(
    "body",
    ["", "{", "{}", '{"a": 1, "b": 2}', '"ab"', '""', "[]", "[1, 2]", "\ufeff{}", '{"a": 1} x'],
)
@pytest.mark.parametrize("version", ["2.1", "2.104"])
async def test_malformed_bodies(body: str, version: str) -> None:
    response = await World().ask("POST", ACTION, body=body, OpenStack_API_Version=f"compute {version}")
    assert response.status_code == 400
    assert message(response, "badRequest").startswith("Malformed request body")


async def test_a_body_that_is_not_utf8_is_malformed() -> None:
    response = await World().ask("POST", ACTION, body=b'{"os-getVNCConsole": {"type": "\xff"}}')
    assert response.status_code == 400
    assert message(response, "badRequest").startswith("Malformed request body")


@pytest.mark.parametrize("body", ["[1]", "5", '"a"', "null", "true", "2.5"])
async def test_bodies_that_are_no_object_are_not_found(body: str) -> None:
    response = await World().ask("POST", ACTION, body=body)
    assert response.status_code == 404
    assert message(response, "itemNotFound").startswith("The resource could not be found.")


@pytest.mark.parametrize("action", ["os-nope", "os-getMKSConsole", "reboot", ""])
async def test_unknown_actions(action: str) -> None:
    response = await World().ask("POST", ACTION, body=json.dumps({action: {}}))
    assert response.status_code == 400
    assert message(response, "badRequest").startswith(f"There is no such action: {action}")


@pytest.mark.parametrize("action", [*ACTIONS, "os-getRDPConsole"])
@pytest.mark.parametrize("version", ["2.6", "2.99", "latest"])
async def test_are_gone_from_2_6_on(action: str, version: str) -> None:
    response = await World().ask(
        "POST", ACTION, body=json.dumps({action: "nonsense"}), OpenStack_API_Version=f"compute {version}"
    )
    assert response.status_code == 404
    assert message(response, "itemNotFound").startswith("The resource could not be found.")


@pytest.mark.parametrize("arguments", [{"type": "rdp-html5"}, {}, None])
async def test_rdp_is_always_refused(arguments: Any) -> None:
    response = await World().ask("POST", ACTION, user="watcher", body=json.dumps({"os-getRDPConsole": arguments}))
    assert response.status_code == 400
    assert message(response, "badRequest").startswith("The server could not comply with the request")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("task_state", ["deleting", "migrating"])
async def test_a_busy_server_is_a_conflict_for_all(action: str, task_state: str) -> None:
    console_type, operation, _ = ACTIONS[action]
    world = World(make_server(task_state=task_state))
    response = await world.ask("POST", ACTION, body=json.dumps({action: {"type": console_type}}))
    assert response.status_code == 409
    assert (
        message(response, "conflictingRequest")
        == f"Cannot '{operation}' instance {SERVER_ID} while it is in task_state {task_state}"
    )
    assert world.refusals("server_busy") == 1


async def test_a_server_without_a_host_is_not_ready() -> None:
    world = World(make_server(status=ServerStatus.BUILD, host=""))
    response = await world.ask("POST", ACTION, body='{"os-getVNCConsole": {"type": "novnc"}}')
    assert response.status_code == 409
    assert message(response, "conflictingRequest") == f"Instance {SERVER_ID} is not ready"


@pytest.mark.parametrize("status", [ServerStatus.SHUTOFF, ServerStatus.PAUSED, ServerStatus.ERROR])
async def test_the_status_of_a_server_is_not_asked(status: ServerStatus) -> None:
    response = await World(make_server(status=status)).ask(
        "POST", ACTION, body='{"os-getVNCConsole": {"type": "novnc"}}'
    )
    assert response.status_code == 200


async def test_a_console_that_the_server_does_not_offer_is_unavailable() -> None:
    world = World(make_server(protocols=frozenset({Protocol.VNC})))
    response = await world.ask("POST", ACTION, body='{"os-getSerialConsole": {"type": "serial"}}')
    assert response.status_code == 400
    assert message(response, "badRequest") == "Unavailable console type serial. This server offers novnc, xvpvnc."


@pytest.mark.parametrize("server_id", ["nosuch", "11111111-2222-3333-4444-000000000000", "a b", "é"])
async def test_an_unknown_server_is_named_as_it_was_asked_for(server_id: str) -> None:
    response = await World().ask(
        "POST", f"/compute/v2.1/servers/{server_id}/action", body='{"os-getVNCConsole": {"type": "novnc"}}'
    )
    assert response.status_code == 404
    assert message(response, "itemNotFound") == f"Instance {server_id} could not be found."


@pytest.mark.parametrize(
    ("user", "server_id", "status"),
    [
        ("watcher", SERVER_ID, 403),
        ("watcher", "nosuch", 403),
        ("nobody", SERVER_ID, 403),
        ("stranger", SERVER_ID, 404),
        ("admin", SERVER_ID, 200),
        ("demo", SERVER_ID, 200),
    ],
)
async def test_policy_comes_before_the_server(user: str, server_id: str, status: int) -> None:
    world = World()
    response = await world.ask(
        "POST", f"/compute/v2.1/servers/{server_id}/action", user=user, body='{"os-getVNCConsole": {"type": "novnc"}}'
    )
    assert response.status_code == status
    if status == 403:
        assert message(response, "forbidden").startswith(
            "Policy doesn't allow os_compute_api:os-remote-consoles to be performed."
        )
        assert world.refusals("forbidden") == 1


async def test_the_schema_comes_before_policy_and_server() -> None:
    response = await World().ask(
        "POST", "/compute/v2.1/servers/nosuch/action", user="watcher", body='{"os-getVNCConsole": {"type": 5}}'
    )
    assert response.status_code == 400
    assert message(response, "badRequest").endswith("5 is not of type 'string'")


async def test_legacy_mode_drops_what_is_unknown_and_names_no_version() -> None:
    path = f"/compute/v2/{project_id_of('demo')}/servers/{SERVER_ID}/action"
    response = await World().ask(
        "POST",
        path,
        body='{"os-getVNCConsole": {"type": "xvpvnc", "x": 1}}',
        OpenStack_API_Version="compute 2.6",
        X_OpenStack_Nova_API_Version="nonsense",
    )
    assert response.status_code == 200
    assert response.json()["console"]["url"].startswith(f"{PUBLIC_URL}/console?token=")
    for name in ("OpenStack-API-Version", "X-OpenStack-Nova-API-Version", "Vary"):
        assert name not in response.headers


async def test_legacy_mode_still_checks_what_it_knows() -> None:
    response = await World().ask(
        "POST", f"/compute/v2/servers/{SERVER_ID}/action", body='{"os-getVNCConsole": {"type": "bogus"}}'
    )
    assert response.status_code == 400
    assert "'bogus' is not one of ['novnc', 'xvpvnc']" in message(response, "badRequest")


async def test_a_created_console_is_told_to_the_observer() -> None:
    world = World()
    response = await world.ask("POST", ACTION, body='{"os-getVNCConsole": {"type": "novnc"}}')
    token = response.json()["console"]["url"].rpartition("%3D")[2]
    assert world.telemetry.registry.get_sample_value("keyhole_consoles_created_total", {"type": "novnc"}) == 1
    assert response.headers["x-openstack-request-id"] in world.log.getvalue()
    assert token not in world.log.getvalue()
