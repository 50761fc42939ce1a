import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.requests import ClientDisconnect, Request

from keyhole.api.errors import RequestRefused, status_of
from keyhole.api.http import json_response, parse_json, read_body
from keyhole.ports.http import REQUEST_ARRIVED


def request_with(*chunks: bytes, headers: dict[str, str] | None = None, then: str = "end") -> Request:
    """A request whose body comes in these chunks; then it ends, hangs, or the client leaves."""

    async def messages() -> AsyncIterator[dict[str, object]]:
        for chunk in chunks:
            yield {"type": "http.request", "body": chunk, "more_body": True}
        if then == "hang":
            await asyncio.Event().wait()
        if then == "leave":
            yield {"type": "http.disconnect"}
        yield {"type": "http.request", "body": b"", "more_body": False}

    stream = messages()

    async def receive() -> dict[str, object]:
        return await anext(stream)

    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw}, receive)


async def test_reads_a_body_in_chunks_up_to_the_limit() -> None:
    assert await read_body(request_with(b"ab", b"cd"), 4) == b"abcd"


async def test_refuses_a_byte_more() -> None:
    with pytest.raises(RequestRefused) as caught:
        await read_body(request_with(b"ab", b"cde"), 4)
    assert status_of(caught.value) == 413


@pytest.mark.parametrize("length", ["5", "9" * 5000])
async def test_refuses_a_declared_length_before_reading(length: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        await read_body(request_with(then="hang", headers={"Content-Length": length}), 4)
    assert status_of(caught.value) == 413


async def test_refuses_a_body_that_does_not_arrive() -> None:
    with pytest.raises(RequestRefused) as caught:
        await read_body(request_with(b"a", then="hang"), 4, deadline_seconds=0.02)
    assert status_of(caught.value) == 408


async def test_a_server_that_says_all_has_arrived_is_believed_and_one_that_denies_it_too() -> None:
    request = request_with(b"a")
    request.scope[REQUEST_ARRIVED] = lambda: True
    assert await read_body(request, 4, deadline_seconds=0) == b"a"
    request = request_with(b"a", then="hang")
    request.scope[REQUEST_ARRIVED] = lambda: False
    with pytest.raises(RequestRefused):
        await read_body(request, 4, deadline_seconds=0.02)


async def test_tells_when_the_client_left() -> None:
    with pytest.raises(ClientDisconnect):
        await read_body(request_with(b"a", then="leave"), 4)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"\xef\xbb\xbf{}", b"[" * 100_000, b"9" * 5000])
def test_what_is_not_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_json(text)


def test_answers_hold_only_ascii_and_every_header_line() -> None:
    response = json_response(200, {"a": "\ud800é"}, [("Vary", "A"), ("Vary", "B")])
    assert bytes(response.body).isascii()
    assert [value for name, value in response.raw_headers if name == b"vary"] == [b"A", b"B"]
