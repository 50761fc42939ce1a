"""Requests on one connection: each is answered in order, and none takes more memory than its bytes."""

import asyncio
from typing import Any

import pytest
from tests.fakes.rfb_target import echo, listening
from tests.fakes.waiting import until
from tests.fakes.wire import KEY, Wire
from tests.unit.gateway.conftest import World, hello, make_world

from keyhole.reasons import Reason

SLOW = b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def web_socket(path: str) -> bytes:
    return get(
        path, "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13"
    )


async def body(wire: Wire) -> str:
    """The next answer's body, which is one chunk."""
    answer = await wire.answer()
    assert answer.status == 200
    size, text, _ = (await wire.reader.readuntil(b"0\r\n\r\n")).split(b"\r\n", 2)
    assert int(size, 16) == len(text)
    return text.decode()


class Gate:
    """An application that answers POST requests when the test allows it, and records the received requests."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.asked: list[str] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.asked.append(scope["path"])
        if scope["method"] == "POST":
            await self.opened.wait()
        await hello(scope, receive, send)


async def refusing(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An application that answers without reading the body."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


async def test_pipelined_requests_are_answered_in_turn(world: World) -> None:
    wire = await world.connect()
    paths = [f"/{number}" for number in range(2000)]
    wire.writer.write(b"".join(get(path) for path in paths))
    assert [await body(wire) for _ in paths] == [f"{path} 0" for path in paths]


@pytest.mark.parametrize("size", [1, 3, 7, 50])
async def test_requests_are_answered_however_their_bytes_arrive(world: World, size: int) -> None:
    chunked = (
        b"POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n"
    )
    sized = b"POST /sized HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab\r\n\r\ncdef"
    sent = sized + get("/between") + chunked + sized + chunked
    wire = await world.connect()
    for at in range(0, len(sent), size):
        wire.writer.write(sent[at : at + size])
        await wire.writer.drain()
        await asyncio.sleep(0)
    answers = [await body(wire) for _ in range(5)]
    assert answers == ["/sized 10", "/between 0", "/chunked 7", "/sized 10", "/chunked 7"]


@pytest.mark.programs
async def test_what_is_pipelined_waits_as_bytes_and_no_more_of_it_is_read() -> None:
    gate = Gate()
    async with make_world(application=gate) as world:
        wire = await world.connect()
        wire.writer.write(SLOW)
        await until(lambda: gate.asked)
        (protocol,) = world.door.http._connections
        wire.writer.write(get("/next") * 500_000)
        await until(lambda: protocol._unparsed)
        assert not protocol._below.is_reading()
        assert len(protocol._unparsed) < 1 << 20
        for _ in range(50):  # whatever the application asks for
            protocol.flow.resume_reading()
            await asyncio.sleep(0)
        assert not protocol._below.is_reading()
        assert (gate.asked, len(protocol._unparsed) < 1 << 20) == (["/slow"], True)
        gate.opened.set()
        assert await body(wire) == "/slow 2"
        assert [await body(wire) for _ in range(20_000)] == ["/next 0"] * 20_000
        wire.writer.transport.abort()


async def test_a_malformed_request_does_not_take_the_answer_of_the_one_before() -> None:
    gate = Gate()
    async with make_world(application=gate) as world:
        wire = await world.connect()
        wire.writer.write(SLOW + b"nonsense\r\n\r\n")
        await until(lambda: gate.asked)
        gate.opened.set()
        assert await body(wire) == "/slow 2"
        assert (await wire.answer()).status == 400
        assert world.refused(Reason.REQUEST_MALFORMED) == 1
        assert b"not valid HTTP/1.1" in await wire.rest()


async def test_a_console_opens_after_the_answers_before_it() -> None:
    gate = Gate()
    async with make_world(application=gate) as world, listening(echo) as address:
        world.aim(address)
        wire = await world.connect()
        wire.writer.write(get("/first") + SLOW + web_socket(f"/?token={await world.token()}"))
        await until(lambda: "/slow" in gate.asked)
        assert await body(wire) == "/first 0"
        gate.opened.set()
        assert await body(wire) == "/slow 2"
        assert (await wire.answer()).status == 101
        await wire.rfb_handshake()
        assert not world.door.http._connections


async def test_an_answer_is_sent_before_what_the_door_says_of_the_next_request() -> None:
    async def answering(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first"})
        (protocol,) = world.door.http._connections
        protocol.data_received(get("/?token=x", "Upgrade: websocket", "Connection: Upgrade"))  # in the same turn

    async with make_world(application=answering) as world:
        wire = await world.connect()
        wire.writer.write(get("/first"))
        assert await body(wire) == "first"
        assert (await wire.answer()).status == 400


async def test_what_follows_a_refused_upgrade_is_not_answered(world: World) -> None:
    wire = await world.connect()
    refused = get("/?token=x", "Upgrade: websocket", "Connection: Upgrade")
    wire.writer.write(get("/first") + refused + get("/hidden"))
    assert await body(wire) == "/first 0"
    assert (await wire.answer()).status == 400
    assert b"/hidden" not in await wire.rest()


async def test_a_native_viewer_gets_its_console_on_a_connection_that_served_pages(world: World) -> None:
    async with listening(echo) as address:
        world.aim(address)
        wire = await world.connect()
        wire.writer.write(get("/page"))
        assert await body(wire) == "/page 0"
        wire.writer.write(get("/console?token=x", "Accept: text/html"))
        assert await body(wire) == "/console 0"
        wire.writer.write(get(f"/console?token={await world.token()}", "Accept: */*") + b"RFB 003.008\n")
        assert (await wire.answer()).status == 200
        assert await wire.reader.readexactly(14) == b"RFB 003.008\n\x01\x01"


H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")


@pytest.mark.parametrize("before", [b"", get("/before")], ids=["first", "later"])
async def test_an_upgrade_to_http_2_is_ignored_and_nothing_is_lost(world: World, before: bytes) -> None:
    head = "\r\n".join(["POST /one HTTP/1.1", "Host: x", "Content-Length: 5", *H2C, "", ""]).encode()
    wire = await world.connect()
    wire.writer.write(before + head + b"12345" + head + b"12345" + get("/two", *H2C) + get("/three"))
    if before:
        assert await body(wire) == "/before 0"
    assert [await body(wire) for _ in range(4)] == ["/one 5", "/one 5", "/two 0", "/three 0"]


async def test_an_upgrade_that_is_ignored_is_held_to_the_rules_of_requests(world: World) -> None:
    wire = await world.connect()
    wire.writer.write(get("/one") + get("/two", *H2C, "Host: y"))
    assert await body(wire) == "/one 0"
    assert (await wire.answer()).status == 400
    assert b"one Host header" in await wire.rest()


@pytest.mark.parametrize("before", [b"", get("/before")], ids=["first", "later"])
@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\nA: b\r\n\r\n"])
async def test_a_request_has_exactly_one_host(world: World, before: bytes, head: bytes) -> None:
    wire = await world.connect()
    wire.writer.write(before + head)
    if before:
        await body(wire)
    assert (await wire.answer()).status == 400
    assert b"one Host header" in await wire.rest()
    assert world.refused(Reason.REQUEST_MALFORMED) == 1


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n"], ids=["none", "two"])
async def test_a_console_is_opened_at_exactly_one_host(world: World, hosts: bytes) -> None:
    wire = await world.connect()
    wire.writer.write(web_socket("/?token=x").replace(b"Host: x\r\n", hosts))
    assert (await wire.answer()).status == 400
    assert b"one Host header" in await wire.rest()
    assert world.refused(Reason.REQUEST_MALFORMED) == 1


@pytest.mark.parametrize(
    "head", [b"GET /old HTTP/1.0\r\n\r\n", b"GET /old HTTP/1.1\r\nHost:\r\n\r\n"], ids=["HTTP/1.0", "empty"]
)
async def test_a_host_may_be_empty_and_http_1_0_needs_none(world: World, head: bytes) -> None:
    wire = await world.connect()
    wire.writer.write(head)
    assert (await wire.answer()).headers["x-path"] == "/old"


async def test_a_later_head_is_no_larger_for_having_come_at_once(world: World) -> None:
    wire = await world.connect()
    wire.writer.write(get("/one") + get("/two", f"X: {'x' * 20_000}"))
    assert await body(wire) == "/one 0"
    assert (await wire.answer()).status == 431
    assert world.refused(Reason.REQUEST_TOO_LARGE) == 1


async def test_a_malformed_body_does_not_get_into_an_answer_that_has_begun() -> None:
    begun = asyncio.Event()

    async def streaming(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        begun.set()
        while (await receive())["type"] != "http.disconnect":
            pass

    async with make_world(application=streaming) as world:
        wire = await world.connect()
        wire.writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        await begun.wait()
        wire.writer.write(b"no size\r\n")
        assert (await wire.answer()).status == 200
        assert await wire.rest() == b"5\r\nbegun\r\n"


async def test_who_comes_with_a_request_after_all_is_answered_once_when_the_service_retires() -> None:
    gate = Gate()
    async with make_world(application=gate) as world:
        waiting, working = await world.connect(), await world.connect()
        working.writer.write(SLOW + get("/too-late"))
        await until(lambda: gate.asked and len(world.door._waiting) == 1)
        world.door.retire()
        waiting.writer.write(get("/last") + get("/too-late"))
        gate.opened.set()
        for wire in (waiting, working):
            assert (await wire.answer()).headers["connection"] == "close"
            assert b"/too-late" not in await wire.rest()
