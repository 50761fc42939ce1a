"""Signing in on Keyhole's own page, and the uses of its cookie."""

import json
from typing import Any

import httpx
import pytest
from tests.api.test_links import problem
from tests.api.world import PUBLIC_URL, SERVER_ID, World, project_id_of

from keyhole.errors import TooManyAttempts

PAGE = {"X_Keyhole_Page": "1"}
PEOPLE: dict[str, Any] = {"username": "demo", "password": "demo-secret"}


async def sign_in(world: World, **more: Any) -> httpx.Response:
    return await world.ask("POST", "/v1/sign-in", None, body=json.dumps(PEOPLE | more))


async def cookie_of(world: World) -> str:
    response = await sign_in(world)
    assert response.status_code == 200, response.text
    return response.headers["Set-Cookie"].partition(";")[0]


async def test_a_person_is_signed_in_by_a_cookie_that_no_script_reads() -> None:
    world = World()
    response = await sign_in(world)
    assert response.json() == {
        "user": {"id": world.issuer._user("demo", lambda _: True).identity(None).user_id, "name": "demo"},
        "project": {"id": project_id_of("demo"), "name": "demo"},
        "roles": ["member", "reader"],
        "expires_at": "2023-11-14T23:13:20Z",
    }
    pair, *attributes = response.headers["Set-Cookie"].split("; ")
    name, _, token = pair.partition("=")
    assert name == "__Host-keyhole_sign_in"
    assert (await world.issuer.validate(token)).identity.user_name == "demo"
    assert attributes == ["Path=/", "Max-Age=3600", "HttpOnly", "SameSite=Strict", "Secure"]
    assert token not in world.log.getvalue()
    assert "demo-secret" not in world.log.getvalue()
    assert world.issuer.clients == ["192.0.2.7"]


async def test_over_plain_http_the_cookie_is_not_secure() -> None:
    world = World(public_url="http://console.example.com")
    response = await sign_in(world)
    assert "Secure" not in response.headers["Set-Cookie"]
    cookie = response.headers["Set-Cookie"].partition(";")[0]
    assert cookie.startswith("keyhole_sign_in=")
    assert (await world.ask("GET", "/v1/me", None, Cookie=cookie, **PAGE)).status_code == 200


async def test_a_cookie_that_a_neighbouring_domain_can_plant_signs_nobody_in() -> None:
    world = World()
    cookie = await cookie_of(world)
    planted = cookie.removeprefix("__Host-")
    assert (await world.ask("GET", "/v1/me", None, Cookie=planted, **PAGE)).status_code == 401
    beside = f"keyhole_sign_in=x; {cookie}"
    assert (await world.ask("GET", "/v1/me", None, Cookie=beside, **PAGE)).status_code == 200


@pytest.mark.parametrize("wrong", [{"password": "x"}, {"username": "nosuch"}, {"project": "other"}])
async def test_a_wrong_sign_in_says_no_more_than_that(wrong: dict[str, str]) -> None:
    world = World()
    response = await sign_in(world, **wrong)
    assert response.status_code == 401
    assert problem(response)["reason"] == "not_authenticated"
    assert "Set-Cookie" not in response.headers


async def test_too_many_failures_wait() -> None:
    world = World()
    world.issuer.failure = TooManyAttempts(7)
    response = await sign_in(world)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert problem(response)["reason"] == "too_many_attempts"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"username": "demo"}',
        '{"username": "", "password": "x"}',
        '{"username": "demo", "password": 5}',
        '{"username": "demo", "password": "x", "more": 1}',
        json.dumps({"username": "x" * 300, "password": "top-secret"}),
    ],
)
async def test_malformed_bodies_are_refused_and_not_quoted(body: str) -> None:
    world = World()
    response = await world.ask("POST", "/v1/sign-in", None, body=body)
    assert response.status_code == 400
    assert problem(response)["reason"] == "request_malformed"
    assert "top-secret" not in response.text + world.log.getvalue()


async def test_another_sites_page_cannot_sign_anybody_in() -> None:
    body = json.dumps(PEOPLE)
    response = await World().ask("POST", "/v1/sign-in", None, body=body, Origin="https://evil.example")
    assert problem(response)["reason"] == "origin_refused"


async def test_who_i_am() -> None:
    world = World()
    by_token = await world.ask("GET", "/v1/me")
    by_cookie = await world.ask("GET", "/v1/me", None, Cookie=await cookie_of(world), **PAGE)
    assert by_token.json() == by_cookie.json()
    assert by_token.json()["user"]["name"] == "demo"
    assert (await world.ask("GET", "/v1/me", None)).status_code == 401


async def test_signing_out_ends_the_token_and_the_cookie() -> None:
    world = World()
    cookie = await cookie_of(world)
    response = await world.ask("POST", "/v1/sign-out", None, Cookie=cookie, Origin=PUBLIC_URL, **PAGE)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Set-Cookie"].startswith("__Host-keyhole_sign_in=; Path=/; Max-Age=0;")
    assert (await world.ask("GET", "/v1/me", None, Cookie=cookie, **PAGE)).status_code == 401
    assert (await world.ask("POST", "/v1/sign-out", None)).status_code == 204


SURFACES = ["/v1/me", "/v1/sessions", "/compute/v2.1/servers"]


@pytest.mark.parametrize("path", SURFACES)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": PUBLIC_URL},
        {"Origin": "https://cloud.example.com", "Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-origin"},
    ],
)
async def test_our_page_is_let_in_by_its_cookie(path: str, headers: dict[str, str]) -> None:
    world = World()
    response = await world.ask("GET", path, None, Cookie=await cookie_of(world), **PAGE, **headers)
    assert response.status_code == 200


@pytest.mark.parametrize("path", SURFACES)
@pytest.mark.parametrize("page", [{}, {"X_Keyhole_Page": "0"}, {"X_Keyhole_Page": ""}])
async def test_a_cookie_alone_which_any_site_can_have_sent_is_nothing(path: str, page: dict[str, str]) -> None:
    world = World()
    response = await world.ask("GET", path, None, Cookie=await cookie_of(world), Origin=PUBLIC_URL, **page)
    assert response.status_code == 401


@pytest.mark.parametrize("path", SURFACES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://console.example.com"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
async def test_another_sites_page_is_not_let_in_by_the_cookie(path: str, headers: dict[str, str]) -> None:
    world = World()
    response = await world.ask("GET", path, None, Cookie=await cookie_of(world), **PAGE, **headers)
    assert response.status_code == 403
    assert world.refusals("origin_refused") == 1


async def test_a_console_is_made_with_the_cookie_and_not_by_a_form_of_another_site() -> None:
    world = World()
    cookie = await cookie_of(world)
    path = f"/compute/v2.1/servers/{SERVER_ID}/action"
    body = '{"os-getVNCConsole": {"type": "novnc"}}'
    forged = await world.ask(
        "POST", path, None, body=body, Cookie=cookie, Content_Type="text/plain", Origin="https://evil.example"
    )
    assert forged.status_code == 401
    assert world.store.grants == {}
    made = await world.ask("POST", path, None, body=body, Cookie=cookie, Origin=PUBLIC_URL, **PAGE)
    assert made.status_code == 200


async def test_the_token_in_the_header_comes_first() -> None:
    world = World()
    response = await world.ask("GET", "/v1/me", "watcher", Cookie=await cookie_of(world), **PAGE)
    assert response.json()["user"]["name"] == "watcher"


async def test_the_identity_api_takes_no_cookie() -> None:
    world = World()
    response = await world.ask("GET", "/identity/v3/auth/projects", None, Cookie=await cookie_of(world), **PAGE)
    assert response.status_code == 401
