"""The one port: accepts connections for the front door, on the sockets that it is given."""

import asyncio
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Protocol

from keyhole.gateway.connection import enable_keepalive
from keyhole.gateway.front_door import FrontDoor
from keyhole.gateway.tls_server import TlsServer
from keyhole.net.bind import BACKLOG
from keyhole.net.certificate import Certificate
from keyhole.net.tasks import TaskSet


class _Server(Protocol):
    """Accepts on one socket: asyncio's own server, or ours."""

    def close(self) -> None: ...

    async def wait_closed(self) -> None: ...


class Listener:
    """Accepts nothing until `accept`; with a certificate, it uses TLS."""

    def __init__(self, door: FrontDoor, certificate: Certificate | None) -> None:
        self._door = door
        self._certificate = certificate
        self._servers: dict[socket.socket, _Server] = {}
        self._left = TaskSet()

    async def accept(self, sockets: Iterable[socket.socket]) -> None:
        """Accepts on exactly these sockets from now on. The caller keeps the sockets and closes them.

        Raises OSError; the call can then be repeated.
        """
        wanted = set(sockets)
        for no_more in self._servers.keys() - wanted:
            server = self._servers.pop(no_more)
            try:
                await self._start_waiting(server)
            finally:
                server.close()
        for new in wanted - self._servers.keys():
            with ExitStack() as undo:
                own = undo.enter_context(new.dup())
                self._servers[new] = await listen(own, self._door, self._certificate)
                undo.pop_all()

    def close(self) -> None:
        """Stops accepting. Existing connections stay open."""
        for server in self._servers.values():
            server.close()

    async def wait_closed(self) -> None:
        """Waits until every connection has ended; call it before `close`."""
        for server in self._servers.values():
            await self._start_waiting(server)
        await asyncio.gather(*self._left)

    async def _start_waiting(self, server: _Server) -> None:
        # Before it is closed: afterwards it no longer waits for its connections (uvloop, Python 3.11).
        self._left.start(server.wait_closed())
        await asyncio.sleep(0)


async def listen(listener: socket.socket, door: FrontDoor, certificate: Certificate | None) -> _Server:
    """Accepts connections on one socket from now on, with keepalive enabled; finally closes the socket."""
    loop = asyncio.get_running_loop()
    enable_keepalive(listener, door.deadlines.keepalive_timeout)
    if certificate is not None:
        return TlsServer(listener, door, certificate)
    if listener.family == socket.AF_UNIX:
        return await loop.create_unix_server(door.protocol, sock=listener, backlog=BACKLOG)
    return await loop.create_server(door.protocol, sock=listener, backlog=BACKLOG)
