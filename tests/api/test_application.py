"""The application as ASGI sees it."""

from typing import Any

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
