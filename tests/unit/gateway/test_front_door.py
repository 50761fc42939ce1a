"""Where each kind of connection is routed, and what the front door refuses."""

import asyncio
import socket
from dataclasses import replace

import pytest
from tests.fakes.rfb_target import echo, listening
from tests.fakes.waiting import until
from tests.unit.gateway.conftest import World, hello, make_world

from keyhole.core.limits import HandshakeLimits
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.front_door import FrontDoor
from keyhole.gateway.http_server import KEEP_ALIVE_SECONDS, HttpServer
from keyhole.gateway.listener import listen
from keyhole.model import TcpAddress
from keyhole.reasons import Reason


async def test_pages_and_api_calls_reach_the_application(world: World) -> None:
    wire = await world.connect()
    wire.writer.write(b"POST /compute/v2.1/servers HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12")
    wire.writer.write(b"345")
    answer = await wire.answer()
    assert (answer.status, answer.headers["x-path"]) == (200, "/compute/v2.1/servers")
    assert await wire.reader.readuntil(b"0\r\n\r\n") == b"17\r\n/compute/v2.1/servers 5\r\n0\r\n\r\n"


async def test_the_application_is_told_whether_a_requests_body_has_arrived(world: World) -> None:
    wire = await world.connect()
    for path in ("/first", "/later"):
        wire.writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab".encode())
        assert (await wire.answer()).headers["x-arrived"] == "True"
        await wire.reader.readuntil(b"0\r\n\r\n")
    at_work = world.door.http.state.tasks
    await until(lambda: not at_work)
    wire.writer.write(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
    await until(lambda: bool(at_work))
    wire.writer.write(b"b")
    assert (await wire.answer()).headers["x-arrived"] == "False"


async def test_a_browser_gets_a_page_at_console_and_a_native_viewer_does_not(world: World) -> None:
    browser = await world.connect()
    page = await browser.request(
        "GET /console?token=x HTTP/1.1\nHost: x\nAccept: text/html,application/xml;q=0.9,*/*;q=0.8"
    )
    assert (page.status, page.headers["x-path"]) == (200, "/console")
    native = await world.connect()
    assert (await native.request("GET /console?token=x HTTP/1.1\nHost: x")).status == 403


async def test_several_requests_go_over_one_connection_and_it_may_become_a_console(world: World) -> None:
    async with listening(echo) as address:
        world.aim(address)
        wire = await world.connect()
        for path in ("/a", "/b"):
            answer = await wire.request(f"GET {path} HTTP/1.1\nHost: x")
            assert answer.headers["x-path"] == path
            await wire.reader.readuntil(b"0\r\n\r\n")
        assert (await wire.upgrade(f"/?token={await world.token()}")).status == 101
        await wire.rfb_handshake()
        wire.send(b"\x04\x01\0\0\0\0\0\x61")
        assert len((await wire.frame()).payload) == 8


async def test_an_upgrade_on_an_api_path_opens_no_console(world: World) -> None:
    wire = await world.connect()
    assert (await wire.upgrade("/compute/v2.1/servers?token=x")).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"RFB 003.008\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"GET /?token=x HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 12\r\n\r\n",
        b"POST /?token=x HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
)
async def test_a_malformed_head_is_answered_400(world: World, sent: bytes) -> None:
    wire = await world.connect()
    wire.writer.write(sent)
    answer = await wire.answer()
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert world.refused(Reason.REQUEST_MALFORMED) == 1
    await wire.rest()


async def test_an_oversized_head_is_answered_431(world: World) -> None:
    wire = await world.connect()
    wire.writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 20000)
    assert (await wire.answer()).status == 431
    assert world.refused(Reason.REQUEST_TOO_LARGE) == 1


async def test_an_oversized_later_head_is_answered_431(world: World) -> None:
    wire = await world.connect()
    await wire.request("GET /a HTTP/1.1\nHost: x")
    await wire.reader.readuntil(b"0\r\n\r\n")
    wire.writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 20000)
    assert (await wire.answer()).status == 431


async def test_a_slow_head_is_cut_off_the_first_and_a_later_one() -> None:
    async with make_world(deadlines=Deadlines(head=0.2, linger=0.2)) as world:
        first = await world.connect()
        first.writer.write(b"GET / HT")
        assert (await first.answer()).status == 408
        later = await world.connect()
        await later.request("GET /a HTTP/1.1\nHost: x")
        await later.reader.readuntil(b"0\r\n\r\n")
        later.writer.write(b"GET / HT")
        assert (await later.answer()).status == 408
        assert world.refused(Reason.REQUEST_TOO_SLOW) == 2


async def test_a_head_byte_by_byte_is_as_good_as_whole(world: World) -> None:
    wire = await world.connect()
    for byte in b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n":
        wire.writer.write(bytes([byte]))
        await wire.writer.drain()
    assert (await wire.answer()).headers["x-path"] == "/slow"


async def test_a_request_that_does_not_end_does_not_hold_up_a_stop() -> None:
    async with make_world(deadlines=Deadlines(linger=0.2)) as world:
        wire = await world.connect()
        wire.writer.write(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12")
        await wire.writer.drain()
        await asyncio.sleep(0.1)
        await asyncio.wait_for(world.door.close(world.listener), 5)
        assert world.events("service.failed") == []


async def test_a_connection_that_is_idle_for_too_long_is_closed_by_the_clock(world: World) -> None:
    http = world.door.http
    wire = await world.connect()
    wire.writer.write(b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await wire.answer()).status == 200
    await wire.reader.readuntil(b"0\r\n\r\n")
    await until(lambda: not http.state.tasks)
    for _ in range(KEEP_ALIVE_SECONDS):
        http.tick()
    wire.writer.write(b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await wire.answer()).status == 200
    await wire.reader.readuntil(b"0\r\n\r\n")
    await until(lambda: not http.state.tasks)
    for _ in range(KEEP_ALIVE_SECONDS + 1):
        http.tick()
    assert await asyncio.wait_for(wire.reader.read(), 10) == b""


async def test_a_door_that_opens_no_consoles_takes_every_request_to_the_application(world: World) -> None:
    world.aim(TcpAddress("127.0.0.1", 1))
    token = await world.token()
    http = HttpServer(hello, world.telemetry, world.door.deadlines)
    door = FrontDoor(http, world.sessions, world.telemetry, world.door.deadlines, HandshakeLimits())
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    listener = await listen(sock, door, None)
    admins = replace(world, port=port)
    try:
        answer = await (await admins.connect()).upgrade(f"/?token={token}")
        assert (answer.status, answer.headers["x-path"]) == (200, "/")
        answer = await (await admins.connect()).request(f"GET /console?token={token} HTTP/1.1\nHost: x")
        assert (answer.status, answer.headers["x-path"]) == (200, "/console")
        wire = await admins.connect()
        await wire.request("GET /readyz HTTP/1.1\nHost: x")
        await wire.reader.readuntil(b"0\r\n\r\n")
        assert (await wire.upgrade(f"/later?token={token}")).headers["x-path"] == "/later"
    finally:
        await door.close(listener)
    assert (await world.consoles.inspect(token)).redeemed_at is None
