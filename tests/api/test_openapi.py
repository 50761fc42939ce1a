"""/v1/openapi.json, and that the answers of Keyhole's own calls match it."""

import json
from typing import Any

import jsonschema_rs
import pytest
from tests.api.test_own_servers import open_console
from tests.api.test_sessions import open_session
from tests.api.test_tickets import hold
from tests.api.world import World, make_server

from keyhole.api.v1.operations import OPENAPI_PATH, OWN_OPERATIONS
from keyhole.model import ConsoleType

SIGN_IN = json.dumps({"username": "demo", "password": "demo-secret"})
ANSWERS = {operation.name: operation.answer for operation in OWN_OPERATIONS if operation.answer is not None}


def assert_fits(name: str, response: Any) -> None:
    assert response.status_code == 200, response.text
    jsonschema_rs.Draft202012Validator(dict(ANSWERS[name]), validate_formats=True).validate(response.json())


async def test_anybody_may_read_it_also_a_page_of_another_origin() -> None:
    world = World()
    response = await world.ask("GET", OPENAPI_PATH, None, Origin="https://elsewhere.example")
    assert_fits("show-document", response)
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert set(response.json()["paths"]) >= {operation.path for operation in OWN_OPERATIONS}
    assert (await world.ask("HEAD", OPENAPI_PATH, None)).status_code == 200
    refused = await world.ask("POST", OPENAPI_PATH, None)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


async def test_links_fit() -> None:
    world = World()
    demo = (await world.issuer.validate(world.issuer.token_of("demo"))).identity
    token = (await world.consoles.create(demo, world.driver.servers[0].id, ConsoleType.SERIAL)).url[-36:]
    body = json.dumps({"token": token})
    assert_fits("inspect-link", await world.ask("POST", "/v1/links/inspect", None, body=body))


async def test_sessions_fit() -> None:
    world = World()
    record = await open_session(world)
    await open_session(world, "b")
    assert_fits("show-session", await world.ask("GET", f"/v1/sessions/{record.id}"))
    assert_fits("list-sessions", await world.ask("GET", "/v1/sessions"))
    page = await world.ask("GET", "/v1/sessions?limit=1")
    assert "sessions_links" in page.json()
    assert_fits("list-sessions", page)


async def test_servers_fit() -> None:
    world = World()
    assert_fits("list-servers", await world.ask("GET", "/v1/servers"))
    world.driver.servers.append(make_server("2"))
    await open_console(world)
    page = await world.ask("GET", "/v1/servers?limit=1")
    assert "next_marker" in page.json()
    assert_fits("list-servers", page)


async def test_persons_fit() -> None:
    world = World()
    assert_fits("sign-in", await world.ask("POST", "/v1/sign-in", None, body=SIGN_IN))
    assert_fits("show-me", await world.ask("GET", "/v1/me"))


@pytest.mark.parametrize("maximum_seconds", [0, 60])
async def test_tickets_fit(maximum_seconds: int) -> None:
    assert_fits("show-ticket", await (await hold(World(maximum_seconds=maximum_seconds))).ask("GET"))


@pytest.mark.parametrize("operation", OWN_OPERATIONS, ids=lambda operation: operation.name)
async def test_who_may_not_ask_hears_a_status_that_the_table_foretells(operation: Any) -> None:
    world = World()
    path = operation.path.replace("{console_id}", "0" * 32).replace("{session_id}", "0" * 32)
    for user in (None, "nobody", "watcher"):
        for origin in ({}, {"Origin": "https://elsewhere.example"}):
            response = await world.ask(operation.method, path, user, **origin)
            assert response.status_code in {operation.status, *operation.statuses_refused}
