"""The application as ASGI sees it."""

import json
from typing import Any

import pytest
from tests.api.world import World


async def test_lifespan_is_answered() -> None:
    received = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(received)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await World().application({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_websocket_is_turned_away() -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await World().application({"type": "websocket", "path": "/", "headers": []}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_a_client_that_leaves_gets_no_answer() -> None:
    world = World()
    sent: list[Any] = []
    headers = [(b"x-auth-token", world.issuer.token_of("demo").encode())]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/compute/v2.1/servers/x/action",
        "query_string": b"",
        "headers": headers,
        "client": None,
    }

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await world.application(scope, receive, send)
    assert sent == []
    assert world.log.getvalue() == ""


async def test_similar_paths_are_pages() -> None:
    world = World()
    for path in ("/computer", "/identityx", "/v10", "/healthz/"):
        response = await world.ask("GET", path, user=None)
        assert response.status_code == 404
        assert "Content-Security-Policy" in response.headers


@pytest.mark.parametrize("path", ["/compute/v2.1/servers", "/v1/sessions", "/identity/v3/nothing", "/nothing.html"])
@pytest.mark.parametrize(("proxies", "client"), [((), "192.0.2.7"), (("192.0.2.0/24",), "198.51.100.1")])
async def test_a_refusal_is_logged_with_the_client_behind_a_trusted_proxy(
    path: str, proxies: tuple[str, ...], client: str
) -> None:
    world = World(proxies=proxies)
    response = await world.ask("GET", path, user=None, X_Forwarded_For="198.51.100.1")
    assert response.status_code in (401, 404)
    assert json.loads(world.log.getvalue())["client"] == client
