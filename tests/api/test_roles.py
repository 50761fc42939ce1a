"""Which role may call what: every operation, called with every role, compared with the recorded, documented table."""

import json
import re
from typing import Any

import pytest
from tests.api.world import SERVER_ID, World, make_server

from keyhole.api.compute.operations import OPERATIONS, Operation
from keyhole.api.reference import render_roles
from keyhole.core.links import Console
from keyhole.model import ConsoleType

CALLERS = ("nobody", "watcher", "demo", "admin", "stranger")
"""No role, reader, member and admin in this order, and a member of another project."""

ALL = (200, 200, 200, 200, 200)
READERS = (403, 200, 200, 200, 200)
READERS_HERE = (403, 200, 200, 200, 404)
MEMBERS_HERE = (403, 403, 200, 200, 404)
ADMINS = (403, 403, 403, 200, 403)

RECORDED: dict[str, tuple[int, ...]] = {
    "GET /servers": READERS,
    "GET /servers/detail": READERS,
    "GET /servers/{server_id}": READERS_HERE,
    "POST /servers/{server_id}/action os-getVNCConsole": MEMBERS_HERE,
    "POST /servers/{server_id}/action os-getSPICEConsole": MEMBERS_HERE,
    "POST /servers/{server_id}/action os-getSerialConsole": MEMBERS_HERE,
    "POST /servers/{server_id}/action os-getRDPConsole": (400, 400, 400, 400, 400),
    "POST /servers/{server_id}/action os-getConsoleOutput": MEMBERS_HERE,
    "POST /servers/{server_id}/remote-consoles 2.6": MEMBERS_HERE,
    "POST /servers/{server_id}/remote-consoles 2.8": MEMBERS_HERE,
    "POST /servers/{server_id}/remote-consoles 2.99": MEMBERS_HERE,
    "GET /os-console-auth-tokens/{token}": (400, 400, 400, 400, 400),
    "GET /os-console-auth-tokens/{token} 2.31": ADMINS,
    "GET /servers/{server_id}/consoles": (410, 410, 410, 410, 410),
    "POST /servers/{server_id}/consoles": (410, 410, 410, 410, 410),
    "GET /servers/{server_id}/consoles/{console_id}": (410, 410, 410, 410, 410),
    "DELETE /servers/{server_id}/consoles/{console_id}": (410, 410, 410, 410, 410),
    "GET /flavors": ALL,
    "GET /flavors/detail": ALL,
    "GET /flavors/{flavor_id}": ALL,
}

BODIES: dict[str, Any] = {
    "os-getVNCConsole": {"os-getVNCConsole": {"type": "novnc"}},
    "os-getSPICEConsole": {"os-getSPICEConsole": {"type": "spice-html5"}},
    "os-getSerialConsole": {"os-getSerialConsole": {"type": "serial"}},
    "os-getRDPConsole": {"os-getRDPConsole": {"type": "rdp-html5"}},
    "os-getConsoleOutput": {"os-getConsoleOutput": {}},
    "remote-consoles": {"remote_console": {"protocol": "vnc", "type": "novnc"}},
    "consoles": {},
}


def name_of(operation: Operation) -> str:
    """An operation's name in this module's table."""
    oldest = str(operation.oldest)
    parts = (f"{operation.method} {operation.path}", operation.action, oldest if oldest != "2.1" else None)
    return " ".join(part for part in parts if part)


async def make_world() -> tuple[World, Console]:
    """A server in this project, one of the same size in the other, and a link to the first."""
    size: dict[str, Any] = {"vcpus": 2, "memory_mb": 2048}
    world = World(make_server(**size), make_server("other-server", "vm2", "other", **size))
    identity = (await world.issuer.validate(world.issuer.token_of("demo"))).identity
    return world, await world.consoles.create(identity, SERVER_ID, ConsoleType.NOVNC)


def test_every_operation_is_recorded() -> None:
    assert [name_of(operation) for operation in OPERATIONS] == list(RECORDED)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_who_may(operation: Operation) -> None:
    world, console = await make_world()
    path = operation.path.format(
        server_id=SERVER_ID, token=console.url.rpartition("%3D")[2], console_id="1", flavor_id="2x2048"
    )
    body = json.dumps(BODIES[operation.name]) if operation.takes_body else None
    version = f"compute {operation.oldest}"
    responses = [
        await world.ask(operation.method, f"/compute/v2.1{path}", user=caller, body=body, OpenStack_API_Version=version)
        for caller in CALLERS
    ]
    assert tuple(response.status_code for response in responses) == RECORDED[name_of(operation)]


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
async def test_nobody_may_without_a_token(operation: Operation) -> None:
    world, _ = await make_world()
    path = re.sub(r"{\w+}", SERVER_ID, operation.path)
    assert (await world.ask(operation.method, f"/compute/v2.1{path}", user=None)).status_code == 401


@pytest.mark.parametrize("path", ["/servers", "/servers/detail"])
async def test_a_list_shows_the_projects_own_servers(path: str) -> None:
    world, _ = await make_world()
    for user, query, names in (
        ("watcher", "", ["vm1"]),
        ("stranger", "", ["vm2"]),
        ("admin", "?all_tenants=1", ["vm1", "vm2"]),
    ):
        answer = await world.ask("GET", f"/compute/v2.1{path}{query}", user=user)
        assert [server["name"] for server in answer.json()["servers"]] == names


def test_the_page_shows_what_is_recorded() -> None:
    rows = [line.strip("| ").split(" | ") for line in render_roles().splitlines() if line.startswith("| `")]
    shown = [(call.replace("`", ""), cells) for call, _, *cells in rows]
    told = {401: "401", 403: "403", 404: "404"}
    recorded = [
        (re.sub(r" 2\.\d+$", "", name), [told.get(status, "yes") for status in statuses])
        for name, statuses in RECORDED.items()
    ]
    assert shown == recorded
