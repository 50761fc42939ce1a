"""POST /v1/links/inspect."""

import json
from typing import Any

import pytest
from tests.api.world import PUBLIC_URL, SERVER_ID, World

from keyhole.model import ConsoleType

PATH = "/v1/links/inspect"


async def issue(world: World) -> str:
    demo = (await world.issuer.validate(world.issuer.token_of("demo"))).identity
    return (await world.consoles.create(demo, SERVER_ID, ConsoleType.SERIAL)).url[-36:]


async def inspect(world: World, token: Any, **headers: str) -> Any:
    return await world.ask("POST", PATH, user=None, body=json.dumps({"token": token}), **headers)


def problem(response: Any, *more: str) -> dict[str, Any]:
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    content: dict[str, Any] = response.json()
    assert content["status"] == response.status_code
    assert set(content) == {"type", "title", "status", "detail", "reason", *more}
    return content


@pytest.mark.parametrize("origin", [{}, {"Origin": PUBLIC_URL}, {"Origin": "https://cloud.example.com"}])
async def test_tells_what_a_link_opens_and_uses_nothing_up(origin: dict[str, str]) -> None:
    world = World()
    token = await issue(world)
    for _ in range(2):
        response = await inspect(world, token, **origin)
        assert response.status_code == 200
    assert response.json() == {
        "server": {"id": SERVER_ID, "name": "vm1"},
        "console_type": "serial",
        "protocol": "serial",
        "rights": "control",
        "expires_at": "2023-11-14T22:23:20Z",
        "lifetime_seconds": 600,
        "reuse": "once",
        "console": next(iter(world.store.grants.values())).id,
        "resumable": True,
    }
    assert response.headers["Cache-Control"] == "no-store"
    assert (await world.consoles.redeem(token)).grant.server_id == SERVER_ID
    assert token not in world.log.getvalue()


@pytest.mark.parametrize("reason", ["token_unknown", "token_expired", "token_used", "token_missing", "revoked"])
async def test_says_why_a_link_is_not_good(reason: str) -> None:
    world = World()
    token = await issue(world)
    if reason == "token_expired":
        world.clock.now += 600
    elif reason == "revoked":
        (grant,) = world.store.grants.values()
        await world.store.revoke_console(grant.id, world.clock(), "")
    elif reason == "token_used":
        await world.consoles.redeem(token)
    elif reason == "token_unknown":
        token = "x"
    else:
        token = ""
    response = await inspect(world, token)
    assert response.status_code == 403
    expired = {"expires_at": "2023-11-14T22:23:20Z", "lifetime_seconds": 600} if reason == "token_expired" else {}
    content = problem(response, *expired)
    assert content | expired == content
    assert content["reason"] == reason
    assert content["title"]
    assert content["detail"]
    assert world.refusals(reason) == 1


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example.com", "http://console.example.com", "null", "", f"{PUBLIC_URL}:444", f"{PUBLIC_URL}/"],
)
async def test_a_page_of_another_origin_may_not_ask(origin: str) -> None:
    world = World()
    response = await inspect(world, await issue(world), Origin=origin)
    assert response.status_code == 403
    assert problem(response)["reason"] == "origin_refused"
    assert world.refusals("origin_refused") == 1


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"token": 5}', '{"token": null}', "\xff"])
async def test_malformed_bodies(body: str) -> None:
    response = await World().ask("POST", PATH, user=None, body=body.encode("latin-1"))
    assert response.status_code == 400
    assert problem(response)["reason"] == "request_malformed"


async def test_a_body_is_small() -> None:
    response = await inspect(World(), "x" * 9000)
    assert response.status_code == 413
    assert problem(response)["reason"] == "request_too_large"


async def test_odd_characters_are_just_unknown() -> None:
    assert problem(await inspect(World(), "\u0000é\U0001f4a9"))["reason"] == "token_unknown"
    assert problem(await inspect(World(), "\ud800"))["reason"] == "request_malformed"


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/nosuch"), ("GET", "/v1")])
async def test_there_is_nothing_else(method: str, path: str) -> None:
    response = await World().ask(method, path, user=None)
    assert response.status_code == 404
    assert problem(response)["reason"] == "not_found"


async def test_another_method_is_refused() -> None:
    response = await World().ask("GET", PATH, user=None)
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert problem(response)["reason"] == "request_malformed"


async def test_a_defect_is_a_problem_without_detail() -> None:
    world = World()
    world.store.grants = None  # type: ignore[assignment]
    response = await inspect(world, "x")
    assert response.status_code == 500
    assert problem(response)["reason"] == "internal_error"
    assert "NoneType" not in response.text
