"""A target behind TLS and a viewer that takes its time: nothing is lost and nothing is left open."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest
import trustme
from tests.fakes.vencrypt_target import server_context
from tests.fakes.waiting import until

from keyhole.gateway.dial.dial import dial
from keyhole.gateway.handshake import target_security
from keyhole.gateway.handshake.target_security import start_tls
from keyhole.model import Protocol, Target, TcpAddress
from keyhole.reasons import Reason
from keyhole.relay.endings import Ending
from keyhole.relay.read_buffer import ReadBuffer
from keyhole.relay.relay import Relay

SCREEN = bytes(range(256)) * 12_000


@dataclass
class Server:
    """Speaks TLS from the first byte, sends SCREEN, and hangs up without a word, or once its client has."""

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


class SlowViewer(asyncio.Transport):
    """Takes what is written, and each time has nothing more sent for a moment, or for ever."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self.seconds = seconds
        self.taken = bytearray()
        self.protocol: asyncio.BaseProtocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def is_reading(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.taken += data
        self.protocol.pause_writing()
        if self.seconds is not None:
            asyncio.get_running_loop().call_later(self.seconds, self.protocol.resume_writing)

    def writelines(self, pieces: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(pieces))

    def close(self) -> None:
        pass


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Server(server_context(authority, "127.0.0.1"), listener)


async def joined(server: Server, authority: trustme.CA, viewer: SlowViewer) -> tuple[Relay, asyncio.Future[Ending]]:
    """The session, and how it ends."""
    threading.Thread(target=server.serve, daemon=True).start()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    target = Target(Protocol.VNC, TcpAddress("127.0.0.1", server.listener.getsockname()[1]))
    line = await dial(target)
    await start_tls(line, target, context)
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Ending] = loop.create_future()
    relay = Relay(viewer, None, line.transport, None, ended.set_result, loop.time, 1, ReadBuffer(), line.source)
    relay.start(b"", line.take())
    return relay, ended


async def test_nothing_is_lost_of_what_was_sent_before_it_hung_up(server: Server, authority: trustme.CA) -> None:
    viewer = SlowViewer(0.002)
    _, ended = await joined(server, authority, viewer)
    ending = await asyncio.wait_for(ended, 10)
    assert len(viewer.taken) == len(SCREEN)
    assert viewer.taken == SCREEN
    assert ending.reason is Reason.TARGET_CLOSED


async def test_its_line_is_closed_although_the_viewer_takes_no_more(server: Server, authority: trustme.CA) -> None:
    server.waits = True
    viewer = SlowViewer(None)
    relay, _ = await joined(server, authority, viewer)
    await until(lambda: viewer.taken)
    assert len(viewer.taken) < len(SCREEN)
    relay.end(Reason.KILLED)
    assert await asyncio.to_thread(server.over.wait, 5)


async def test_its_line_is_cut_when_it_does_not_answer_our_goodbye(
    server: Server, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target_security, "LINGER_SECONDS", 0.2)
    server.stays = True
    viewer = SlowViewer(0)
    relay, _ = await joined(server, authority, viewer)
    await until(lambda: len(viewer.taken) == len(SCREEN))
    relay.end(Reason.KILLED)
    assert not relay._source.is_closing()
    try:
        await until(relay._source.is_closing, 5)
    finally:
        server.over.set()
