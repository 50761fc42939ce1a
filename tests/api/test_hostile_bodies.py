"""Bodies that no client sends by accident: each is refused in its surface's format, and the service keeps running."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.api.world import SERVER_ID, World, project_id_of

MEGABYTE = 1_000_000
ACTION = f"/compute/v2.1/servers/{SERVER_ID}/action"
LEGACY_ACTION = f"/compute/v2/{project_id_of('demo')}/servers/{SERVER_ID}/action"
REMOTE_CONSOLES = f"/compute/v2.1/servers/{SERVER_ID}/remote-consoles"
TOKENS_V3 = "/identity/v3/auth/tokens"
TOKENS_V2 = "/identity/v2.0/tokens"
CREDENTIALS = "/identity/v3/users/{user}/application_credentials"
INSPECT = "/v1/links/inspect"
SIGN_IN = "/v1/sign-in"
PATHS = (ACTION, LEGACY_ACTION, REMOTE_CONSOLES, TOKENS_V3, TOKENS_V2, CREDENTIALS, INSPECT, SIGN_IN)

GOOD: dict[str, dict[str, Any]] = {
    ACTION: {"os-getVNCConsole": {"type": "novnc"}},
    LEGACY_ACTION: {"os-getVNCConsole": {"type": "novnc"}},
    REMOTE_CONSOLES: {"remote_console": {"protocol": "vnc", "type": "novnc"}},
    TOKENS_V3: {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {"user": {"name": "demo", "domain": {"id": "default"}, "password": "demo-secret"}},
            }
        }
    },
    TOKENS_V2: {"auth": {"passwordCredentials": {"username": "demo", "password": "demo-secret"}, "tenantName": "demo"}},
    CREDENTIALS: {"application_credential": {"name": "robot", "expires_at": "2099-01-01T00:00:00Z"}},
    INSPECT: {"token": "x"},
    SIGN_IN: {"username": "demo", "password": "demo-secret", "project": "demo", "domain": "default"},
}

NOT_JSON = {
    "a megabyte of objects": b'{"a":' * (MEGABYTE // 5),
    "deep arrays": b"[" * 50_000,
    "deep arrays that close": b"[" * 50_000 + b"]" * 50_000,
    "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "invalid UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "cut off": b'{"a": ',
    "two values": b"{} {}",
    "a comment": b"{} // {}",
    "single quotes": b"{'a': 1}",
    "null bytes": b"\x00" * 100,
    "a number without end": b'{"a": ' + b"9" * 20_000 + b"}",
    "a raw line feed in a string": b'{"a": "\n"}',
    "a key twice": b'{"a": 1, "a": 1}',
    "a key twice, deep": b'{"a": [{"b": 1, "b": 2}]}',
}

WRONG: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**400,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "\ud800",
    "\x00",
    "x" * 5000,
    [],
    [[[[]]]],
    {},
    {"id": {}},
)
"""Values of which none is right anywhere in a body."""


UNDERSTOOD = {"compute": {200}, "identity": {200, 201, 401, 409}, "v1": {200, 401, 403}}
"""Answers to what is a name, a password or a token: as it happens, one that nobody has."""


async def ask(world: World, path: str, body: bytes) -> httpx.Response:
    identity = (await world.issuer.validate(world.issuer.token_of("demo"))).identity
    headers = {"OpenStack_API_Version": "compute 2.6"} if path == REMOTE_CONSOLES else {}
    return await world.ask("POST", path.format(user=identity.user_id), body=body, **headers)


def assert_refused(path: str, response: httpx.Response, statuses: set[int]) -> None:
    """Asserts that the refusal has one of these statuses and its surface's format."""
    assert response.status_code in statuses, response.text[:500]
    content = response.json()
    if path.startswith("/compute"):
        ((fault, told),) = content.items()
        assert fault == {400: "badRequest", 404: "itemNotFound", 413: "overLimit"}[response.status_code]
        assert (set(told), told["code"]) == ({"code", "message"}, response.status_code)
    elif path.startswith("/identity"):
        assert set(content) == {"error"}
        assert set(content["error"]) == {"code", "title", "message"}
        assert content["error"]["code"] == response.status_code
    else:
        assert response.headers["Content-Type"] == "application/problem+json"
        assert (content["status"], content["reason"] != "") == (response.status_code, True)
    assert len(response.content) < 10_000
    assert "Traceback" not in response.text


@pytest.mark.parametrize("path", PATHS)
async def test_the_good_body_of_these_tests_is_understood(path: str) -> None:
    response = await ask(World(), path, json.dumps(GOOD[path]).encode())
    assert response.status_code in UNDERSTOOD[path.split("/")[1]] - {401}, response.text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", NOT_JSON)
async def test_what_is_not_json(path: str, kind: str) -> None:
    world = World()
    assert_refused(path, await ask(world, path, NOT_JSON[kind]), {400, 413})
    assert world.refusals("internal_error") == 0


@pytest.mark.parametrize("path", PATHS)
async def test_more_than_the_limit(path: str) -> None:
    assert_refused(path, await ask(World(), path, b'{"a": "' + b"x" * MEGABYTE + b'"}'), {413})


def spoilt(value: Any) -> Iterator[Any]:
    """Variants of the value: each replaces one part by one wrong value."""
    yield from WRONG
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (value | {key: other} for other in spoilt(inner))
    if isinstance(value, list):
        yield from ([other] for other in spoilt(value[0]))


@pytest.mark.parametrize("path", PATHS)
async def test_wrong_types_everywhere(path: str) -> None:
    world = World()
    for body in spoilt(GOOD[path]):
        response = await ask(world, path, json.dumps(body).encode())
        if response.status_code not in UNDERSTOOD[path.split("/")[1]]:
            assert_refused(path, response, {400, 404, 413})
    assert world.refusals("internal_error") == 0
    assert (await world.ask("GET", "/healthz")).status_code == 200
