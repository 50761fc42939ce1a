"""Dialling a host: tunnels by CONNECT that open or fail with a reason, and sockets that are refused."""

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.rfb_target import SERVER_INIT, Script, echo, listening
from tests.fakes.steps import counted_steps
from tests.fakes.transport import FakeTransport
from tests.fakes.waiting import until
from tests.fakes.wire import Frame, Wire
from tests.unit.gateway.conftest import World, make_world

from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.dial.dial import is_encrypted
from keyhole.model import (
    ConsoleType,
    Dialled,
    Handed,
    HttpConnect,
    Protocol,
    SocketTrust,
    Target,
    TcpAddress,
    UnixAddress,
)

HERE = Dialled(TcpAddress("127.0.0.1", 5900))
PATH = "/console?ref=OpaqueRef:1"
REPLY = b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n"


async def open_console(world: World, target: Target) -> Wire:
    world.driver.targets[target.protocol] = target
    wire = await world.connect()
    console_type = ConsoleType.SERIAL if target.protocol is Protocol.SERIAL else ConsoleType.NOVNC
    assert (await wire.upgrade(f"/?token={await world.token(console_type)}")).status == 101
    return wire


def behind_a_tunnel(script: Script, heads: list[bytes], reply: bytes = REPLY) -> Script:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply)
        await script(reader, writer)

    return serve


async def test_the_host_is_asked_for_a_tunnel_before_vnc_begins(world: World) -> None:
    heads: list[bytes] = []
    async with listening(behind_a_tunnel(echo, heads)) as address:
        wire = await open_console(world, Target(Protocol.VNC, Dialled(address, HttpConnect(PATH))))
        assert (await wire.rfb_handshake()).payload == SERVER_INIT
        assert heads == [f"CONNECT {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\n\r\n".encode()]


async def test_what_comes_with_the_reply_is_not_lost(world: World) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(behind_a_tunnel(shout, [], REPLY + b"login: ")) as address:
        wire = await open_console(world, Target(Protocol.SERIAL, Dialled(address, HttpConnect(PATH))))
        assert (await wire.frame()).payload == b"login: "
    async with listening(behind_a_tunnel(shout, [], REPLY + b"RFB 003.003\n\0\0\0\1" + SERVER_INIT)) as address:
        wire = await open_console(world, Target(Protocol.VNC, Dialled(address, HttpConnect(PATH))))
        assert (await wire.rfb_handshake()).payload == SERVER_INIT


def saying(words: bytes) -> Script:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await reader.read()

    return say


async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        (
            saying(b"HTTP/1.1 403 Forbidden 200\r\n\r\n"),
            4011,
            "target_refused: The host answered CONNECT with status 403",
        ),
        (saying(b"HTTP/1.1 503 Connection Limit Exceeded\r\n\r\n"), 4011, "status 503"),
        (saying(b"RFB 003.008\n"), 4012, "target_protocol_error: The host's reply to CONNECT is not HTTP."),
        (saying(b"HTTP/1.1 2000 OK\r\n\r\n"), 4012, "more than three digits"),
        (flood, 4012, "more than"),
        (dribble, 4012, "its handshake did not finish within 0.5 seconds"),
        (hang_up, 1000, "target_closed"),
        (saying(REPLY + b"HTTP/1.1 404 Not Found\r\n\r\n"), 4012, "target_protocol_error"),
    ],
)
async def test_a_tunnel_that_does_not_open_is_named_and_never_spins(script: Script, code: int, words: str) -> None:
    async with make_world(deadlines=Deadlines(target=0.5, linger=0.3)) as world, listening(script) as address:
        with counted_steps() as steps:
            frame = await (await open_console(world, Target(Protocol.VNC, Dialled(address, HttpConnect(PATH))))).frame()
        assert (frame.opcode, frame.close_code) == (8, code)
        assert words in frame.close_reason
        assert steps.taken < 2000


async def unix_ending(world: World, path: Path, trust: SocketTrust) -> Frame:
    target = Target(Protocol.VNC, Dialled(UnixAddress(str(path)), socket=trust))
    return await (await open_console(world, target)).frame()


@pytest.mark.parametrize(
    ("name", "trust", "words"),
    [
        ("link", {}, "is reached over a link, which is not followed"),
        ("file", {}, "is not a socket"),
        ("vnc", {"user_ids": frozenset({os.geteuid() + 1})}, "belongs to a process of another user"),
        ("vnc", {"directory": "/run/qemu"}, "is not below /run/qemu"),
    ],
)
async def test_a_socket_that_is_not_to_be_trusted_is_not_spoken_to(
    world: World, tmp_path: Path, name: str, trust: dict[str, Any], words: str
) -> None:
    (tmp_path / "link").symlink_to("vnc")
    (tmp_path / "file").touch()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "vnc"))
        server.listen()
        frame = await unix_ending(world, tmp_path / name, SocketTrust(**trust))
        server.setblocking(False)
        with suppress(BlockingIOError):
            accepted, _ = server.accept()
            with accepted:
                assert accepted.recv(1) == b""
    assert frame.close_code == 4010
    assert frame.close_reason == f"target_unreachable: the console's socket {words}"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"peername": ("10.0.0.5", 5901)}, False),
        ({"peername": ("2001:db8::1", 5901, 0, 0)}, False),
        ({"peername": ("fe80::1%eth0", 5901, 0, 2)}, False),
        ({"peername": ("127.0.0.1", 5901)}, None),
        ({"peername": ("::1", 5901, 0, 0)}, None),
        ({"peername": "/run/vm1.vnc"}, None),
        ({"peername": ("10.0.0.5", 5901), "sslcontext": object()}, True),
    ],
)
def test_the_audit_knows_what_crosses_a_network_in_the_clear(facts: dict[str, Any], expected: bool | None) -> None:
    assert is_encrypted(FakeTransport(**facts), HERE) is expected


async def test_a_host_by_name_is_named_in_the_tunnels_head(world: World) -> None:
    heads: list[bytes] = []
    async with listening(behind_a_tunnel(echo, heads)) as address:
        target = Target(Protocol.VNC, Dialled(TcpAddress("localhost", address.port), HttpConnect("/x")))
        await (await open_console(world, target)).rfb_handshake()
        assert f"Host: localhost:{address.port}\r\n".encode() in heads[0]


@pytest.mark.parametrize(("protects", "expected"), [("local", None), ("encrypted", True), ("clear", False)])
async def test_a_socket_that_the_driver_opened_is_taken_over(
    world: World, protects: Any, expected: bool | None
) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        wire = await open_console(world, Target(Protocol.SERIAL, Handed(ours, protects, "a pair")))
        theirs.sendall(b"login: ")
        assert (await wire.frame()).payload == b"login: "
        assert (await world.event("console.opened")).get("encrypted") is expected
        wire.close()
        await until(lambda: ours.fileno() == -1)


async def test_a_tcp_socket_that_the_driver_opened_is_taken_over(world: World) -> None:
    async with listening(echo) as address:
        line = socket.create_connection((address.host, address.port))
        wire = await open_console(world, Target(Protocol.VNC, Handed(line, "clear", "a host")))
        assert (await wire.rfb_handshake()).payload == SERVER_INIT
