"""A target behind TLS and a slow viewer: nothing is lost and nothing stays open."""

import asyncio
import math
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import trustme
from tests.fakes.transport import FakeTransport
from tests.fakes.vencrypt_target import server_context
from tests.fakes.waiting import until

from keyhole.gateway.connection import Connection
from keyhole.gateway.dial.dial import dial
from keyhole.gateway.handshake import target_security
from keyhole.gateway.handshake.target_security import start_tls
from keyhole.model import Dialled, Protocol, Target, TcpAddress
from keyhole.protocols.serial_input import SerialInput
from keyhole.reasons import Reason
from keyhole.relay.console import Console
from keyhole.relay.endings import Ending
from keyhole.relay.read_buffer import ReadBuffer
from keyhole.relay.relay import Relay

SCREEN = bytes(range(256)) * 12_000


@dataclass
class Server:
    """Uses TLS from the first byte, sends SCREEN, and disconnects without close_notify, or after its client has."""

    context: ssl.SSLContext
    listener: socket.socket
    waits: bool = False
    stays: bool = False
    """Does neither until the test is over."""
    over: threading.Event = field(default_factory=threading.Event)

    def serve(self) -> None:
        connection, _ = self.listener.accept()
        with self.context.wrap_socket(connection, server_side=True) as line:
            line.sendall(SCREEN)
            if self.waits:
                line.recv(1)
            if self.stays:
                self.over.wait()
        self.over.set()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Server(server_context(authority, "127.0.0.1"), listener)


def taken(viewer: FakeTransport) -> int:
    """How many bytes a viewer has received."""
    return sum(map(len, viewer.kept))


async def joined(
    server: Server, authority: trustme.CA, viewer: FakeTransport
) -> tuple[Relay, Connection, asyncio.Future[Ending]]:
    """The session, its target's line, and how it ends."""
    threading.Thread(target=server.serve, daemon=True).start()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    target = Target(Protocol.VNC, Dialled(TcpAddress("127.0.0.1", server.listener.getsockname()[1])))
    line = await dial(target.route)
    await start_tls(line, target, context)
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Ending] = loop.create_future()
    console = Console(line.transport, ReadBuffer(), loop.time, 1, line.source)
    relay = Relay(console, viewer, None, SerialInput(), ended.set_result)
    relay.start(b"", line.take())
    return relay, line, ended


async def test_nothing_is_lost_of_what_was_sent_before_it_hung_up(server: Server, authority: trustme.CA) -> None:
    viewer = FakeTransport(pause_seconds=0.002)
    _, _, ended = await joined(server, authority, viewer)
    ending = await asyncio.wait_for(ended, 10)
    assert taken(viewer) == len(SCREEN)
    assert viewer.written == SCREEN
    assert ending.reason is Reason.TARGET_CLOSED


async def test_its_line_is_closed_although_the_viewer_takes_no_more(server: Server, authority: trustme.CA) -> None:
    server.waits = True
    viewer = FakeTransport(pause_seconds=math.inf)
    relay, _, _ = await joined(server, authority, viewer)
    await until(lambda: viewer.kept)
    assert taken(viewer) < len(SCREEN)
    relay.end(Reason.KILLED)
    assert await asyncio.to_thread(server.over.wait, 5)


async def test_its_line_is_cut_when_it_does_not_answer_our_goodbye(
    server: Server, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target_security, "LINGER_SECONDS", 0.2)
    server.stays = True
    viewer = FakeTransport(pause_seconds=0)
    relay, line, _ = await joined(server, authority, viewer)
    await until(lambda: taken(viewer) == len(SCREEN))
    relay.end(Reason.KILLED)
    assert not line.source.is_closing()
    try:
        await until(line.source.is_closing, 5)
    finally:
        server.over.set()
