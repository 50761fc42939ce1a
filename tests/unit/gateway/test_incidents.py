"""Known incidents of other software, which must not happen here, each by its name, at the front door."""

import asyncio
import socket
from pathlib import Path

import pytest
from tests.api.world import World as ApiWorld
from tests.fakes.rfb_messages import key_event
from tests.fakes.rfb_target import echo, listening, shake_hands
from tests.fakes.steps import counted_steps
from tests.fakes.waiting import until
from tests.fakes.websocket_client import client_frame
from tests.fakes.wire import Frame, Wire
from tests.unit.gateway.conftest import PUBLIC_URL, World, make_world, upgraded
from tests.unit.gateway.test_listener import tls_port

from keyhole.errors import ProtocolError
from keyhole.model import TcpAddress
from keyhole.protocols.http.connect import TunnelHandshake
from keyhole.protocols.rfb.constants import REASON_LIMIT_BYTES
from keyhole.reasons import Reason

EVIL = "https://evil.example"
LEAST_BUFFERED = 64 * 1024
MOST_BUFFERED = 512 * 1024


async def end_of(wire: Wire) -> Frame:
    while (frame := await wire.frame()).opcode != 8:
        pass
    return frame


def _feed_all(tunnel: TunnelHandshake, reply: bytes) -> None:
    tunnel.receive_data(reply)
    tunnel.receive_eof()


class TestCve20150259CrossSiteWebSocket:
    """nova: any web page could open a console with the visitor's cookie."""

    @pytest.mark.parametrize("origin", [EVIL, "null", PUBLIC_URL + ".evil.example", PUBLIC_URL.replace("s", "", 1)])
    async def test_a_page_from_elsewhere_opens_nothing(self, world: World, origin: str) -> None:
        world.aim(TcpAddress("127.0.0.1", 1))
        token = await world.token()
        for where in (f"/?token={token}", "/"):
            wire = await world.connect()
            answer = await wire.upgrade(where, f"Origin: {origin}", f"Cookie: token={token}")
            assert answer.status == 403
        assert world.refused(Reason.ORIGIN_REFUSED) == 2

    async def test_a_cookie_alone_is_not_enough(self, world: World) -> None:
        world.aim(TcpAddress("127.0.0.1", 1))
        wire = await world.connect()
        assert (await wire.upgrade("/", f"Cookie: token={await world.token()}")).status == 403


class TestLp2158919HostPoisoning:
    """nova: the Host header was added to the list of allowed origins, for everybody and for ever."""

    async def test_the_host_header_allows_nothing_and_leaves_nothing(self, world: World) -> None:
        world.aim(TcpAddress("127.0.0.1", 1))
        token, allowed = await world.token(), world.parts.entrance.allowed_origins
        for host in ("evil.example", "evil.example:443", "console.example.com", ""):
            wire = await world.connect()
            head = (
                f"GET /?token={token} HTTP/1.1\nHost: {host}\nX-Forwarded-Host: {host}\nUpgrade: websocket\n"
                f"Connection: Upgrade\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n"
                f"Origin: {EVIL}"
            )
            assert (await wire.request(head)).status == 403
        assert world.parts.entrance.allowed_origins is allowed == frozenset({PUBLIC_URL})


class TestCve20213654OpenRedirect:
    """nova: `//host/%2f..` was answered with a redirect to that host."""

    @pytest.mark.parametrize("slashes", ["//", "///", "/%2f/", "/\\\\", "/.//", "/;//"])
    @pytest.mark.parametrize("rest", ["evil.example/%2f..", "evil.example", "evil.example/..", ""])
    async def test_nobody_is_sent_elsewhere(self, slashes: str, rest: str) -> None:
        async with make_world(application=ApiWorld().application) as world:
            wire = await world.connect()
            answer = await wire.request(f"GET {slashes}{rest} HTTP/1.1\nHost: x\nConnection: close\nAccept: text/html")
            assert answer.status in (400, 404)
            assert "location" not in answer.headers
            assert b"href" not in await wire.rest()

    @pytest.mark.parametrize("target", ["@evil.example", ".evil.example", ":80@evil.example", "evil.example:443"])
    async def test_the_way_to_tls_leads_to_no_other_host(self, tmp_path: Path, target: str) -> None:
        async with make_world() as world, tls_port(world, tmp_path) as (port, _):
            wire = await Wire.connect(port)
            answer = await wire.request(f"GET {target} HTTP/1.1\nHost: x\nAccept: text/html")
            assert (answer.status, answer.headers.get("location")) == (400, None)
            wire = await Wire.connect(port)
            answer = await wire.request("GET //evil.example/ HTTP/1.1\nHost: x\nAccept: text/html")
            assert (answer.status, answer.headers["location"]) == (308, f"{PUBLIC_URL}//evil.example/")

    async def test_what_is_no_path_leads_nowhere(self, tmp_path: Path) -> None:
        async with make_world() as world, tls_port(world, tmp_path) as (port, _):
            wire = await Wire.connect(port)
            answer = await wire.request("GET * HTTP/1.1\nHost: x\nAccept: text/html")
            assert (answer.status, answer.headers.get("location")) == (403, None)


class TestCve20130335ReusedPort:
    """nova: a console's port was given to another server, and old links opened that one."""

    async def test_an_old_link_does_not_open_what_stands_there_now(self, world: World) -> None:
        async with listening(echo) as old, listening(echo) as new:
            world.aim(old)
            token = await world.token()
            world.aim(new)
            wire = await world.connect()
            assert (await wire.upgrade(f"/?token={token}")).status == 101
            assert (await end_of(wire)).close_reason.split(":")[0] == "server_moved"

    async def test_an_old_link_is_worth_nothing_when_its_server_is_gone(self, world: World) -> None:
        async with listening(echo) as address:
            world.aim(address)
            token = await world.token()
            world.driver.gone = True
            wire = await world.connect()
            assert (await wire.upgrade(f"/?token={token}")).status == 403


class TestCve202236436ClientChoosesSecurity:
    """VNCAuthProxy: the client chose the security type, and so passed the proxy's own check by."""

    @pytest.mark.parametrize("choice", [0, 2, 5, 16, 18, 19, 30, 255])
    async def test_a_type_that_was_not_offered_reaches_no_server(self, world: World, choice: int) -> None:
        heard: list[bytes] = []

        async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await shake_hands(reader, writer)
            heard.append(await reader.read())

        async with listening(target) as address:
            world.aim(address)
            wire = await upgraded(world)
            for message in (b"RFB 003.008\n", bytes((choice,)), b"\x01" + key_event()):
                wire.send(message)
            assert (await end_of(wire)).close_reason.startswith("viewer_protocol_error")
            await until(lambda: heard)
            assert heard == [b""]


class TestLp2155052EndlessReason:
    """nova: a server's reason of 4 GiB was read to its end."""

    async def test_only_its_beginning_is_read(self, world: World) -> None:
        sent = 0
        cut = asyncio.Event()

        async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
            writer.write(b"RFB 003.008\n")
            await reader.read(12)
            writer.write(b"\0\xff\xff\xff\xff")
            try:
                while True:
                    writer.write(b"go away " * 1024)
                    await writer.drain()
                    sent += 8192
            finally:
                cut.set()

        async with listening(target) as address:
            world.aim(address)
            end = await end_of(await upgraded(world))
            assert end.close_reason.startswith("target_security_refused: The server refuses the connection: go away")
            await asyncio.wait_for(cut.wait(), 10)
            assert sent < 1 << 20

    async def test_no_more_than_its_beginning_is_waited_for(self, world: World) -> None:
        async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"RFB 003.008\n")
            await reader.read(12)
            writer.write(b"\0\xff\xff\xff\xff" + b"go away " * (REASON_LIMIT_BYTES // 8))
            await reader.read()

        async with listening(target) as address:
            world.aim(address)
            assert (await end_of(await upgraded(world))).close_reason.startswith("target_security_refused")


class TestSpinOnABadConnect:
    """nova: a host that closed before its reply to CONNECT was over had the proxy read nothing for ever."""

    @pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nX: y\r\n", b"RFB 003.008\n"])
    def test_an_early_end_is_an_error_at_once(self, reply: bytes) -> None:
        tunnel = TunnelHandshake("/console?ref=x", "h")
        with counted_steps() as steps, pytest.raises(ProtocolError):
            _feed_all(tunnel, reply)
        assert steps.taken < 50

    async def test_a_viewer_that_leaves_within_its_connect_leaves_nothing_behind(self, world: World) -> None:
        for head in (b"", b"CONNECT /console?token=x HTTP/1.0\r\n", b"CONNECT"):
            wire = await world.connect()
            await until(lambda: world.door.handshakes() == 1)
            wire.writer.write(head)
            wire.writer.write_eof()
            await until(lambda: world.door.handshakes() == 0)
            wire.close()


class TestCve202027813FrameLengthOverflow:
    """gorilla/websocket: lengths near 2**63 overflowed when fragments were added up."""

    @pytest.mark.parametrize("length", [2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64 - 1])
    @pytest.mark.parametrize("fragments", [b"", client_frame(b"12345678", final=False)])
    async def test_no_length_passes_for_a_small_one(self, world: World, length: int, fragments: bytes) -> None:
        async with listening(echo) as address:
            world.aim(address)
            wire = await upgraded(world)
            await wire.rfb_handshake()
            opcode = b"\x80" if fragments else b"\x82"
            wire.writer.write(fragments + opcode + b"\xff" + length.to_bytes(8, "big") + b"mask")
            assert (await end_of(wire)).close_reason.split(":")[0] in ("limit_frame", "viewer_protocol_error")


class TestCve20151779And201715124Memory:
    """QEMU: large frames and heads filled its memory, and so did viewers that do not read."""

    async def test_a_large_head_is_not_gathered(self, world: World) -> None:
        wire = await world.connect()
        wire.writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000)
        assert (await wire.answer()).status == 431

    async def test_a_slow_reader_holds_a_few_buffers_and_may_still_type(self, world: World) -> None:
        typed: list[bytes] = []

        async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            _, first = await shake_hands(reader, writer)
            typed.append(first)
            writer.transport.set_write_buffer_limits(high=0)

            async def read() -> None:
                while data := await reader.read(65536):
                    typed.append(data)

            reading = asyncio.ensure_future(read())
            try:
                while not reading.done():
                    writer.write(bytes(65536))
                    await writer.drain()
            finally:
                reading.cancel()

        async with listening(target) as address:
            world.aim(address)
            wire = await upgraded(world)
            await wire.rfb_handshake()
            wire.transport.pause_reading()
            (session,) = world.sessions
            await until(lambda: session.relay.buffered_bytes > LEAST_BUFFERED)
            for _ in range(100):
                wire.send(key_event())
            await until(lambda: len(b"".join(typed)) == 100 * len(key_event()))
            assert session.relay.buffered_bytes < MOST_BUFFERED
            wire.writer.transport.abort()
            await until(lambda: not len(world.sessions))
