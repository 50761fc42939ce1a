"""A server for TLS that also accepts plain HTTP, to redirect it.

A connection's first byte shows which of the two it is (RFC 8446 5.1: 22 is a handshake). The byte is only peeked at, so
TLS and the front door read their connections from the beginning. A connection takes its slot at the front door before
that byte; without a slot it is closed, since it cannot be answered before TLS.
"""

import asyncio
import socket
import ssl
from functools import partial
from weakref import WeakSet

from keyhole.core.limits import Slot
from keyhole.errors import LimitReached
from keyhole.gateway.front_door import FrontDoor
from keyhole.net.bind import BACKLOG
from keyhole.net.certificate import Certificate
from keyhole.net.tasks import TaskSet

TLS_HANDSHAKE = b"\x16"

ACCEPTS_AT_ONCE = 64
"""How many connections are accepted before the event loop runs other work."""

RETRY_SECONDS = 1.0
"""How long accepting pauses when no file descriptors are left."""

GONE_POLL_SECONDS = 0.05


class TlsServer:
    """Accepts from its creation on. Each connection uses the certificate that is current when it begins."""

    def __init__(self, listener: socket.socket, door: FrontDoor, certificate: Certificate) -> None:
        self._listener = listener
        self._door = door
        self._certificate = certificate
        self._beginning = TaskSet()
        self._accepted: WeakSet[socket.socket] = WeakSet()
        self._loop = asyncio.get_running_loop()
        listener.setblocking(False)
        listener.listen(BACKLOG)
        self._resume()

    def close(self) -> None:
        """Stops accepting."""
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener)
            self._listener.close()

    async def wait_closed(self) -> None:
        """Waits until accepting and every connection have ended."""
        while self._listener.fileno() >= 0 or self._beginning or any(one.fileno() >= 0 for one in self._accepted):  # noqa: ASYNC110
            await asyncio.sleep(GONE_POLL_SECONDS)

    def _resume(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_AT_ONCE):
            try:
                connection, peer = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._door.http.descriptors.failed(error)
                self._loop.remove_reader(self._listener)
                self._loop.call_later(RETRY_SECONDS, self._resume)
                return
            try:
                slot = self._door.take_slot(peer)
            except LimitReached:
                connection.close()
                continue
            connection.setblocking(False)
            self._accepted.add(connection)
            self._beginning.start(self._begin(connection, slot))

    async def _begin(self, connection: socket.socket, slot: Slot) -> None:
        """Passes one connection and its slot to the front door; closes one that does not begin properly."""
        seconds = self._door.deadlines.head
        try:
            async with asyncio.timeout(seconds):
                await self._readable(connection)
            if connection.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE:
                await self._loop.connect_accepted_socket(
                    partial(self._door.protocol, slot),
                    connection,
                    ssl=self._certificate.context,
                    ssl_handshake_timeout=seconds,
                )
            else:
                await self._loop.connect_accepted_socket(partial(self._door.plain_protocol, slot), connection)
        except (OSError, ssl.SSLError):  # a TimeoutError is an OSError
            connection.close()
        finally:
            slot.release()

    async def _readable(self, connection: socket.socket) -> None:
        readable = self._loop.create_future()
        self._loop.add_reader(connection, readable.set_result, None)
        try:
            await readable
        finally:
            self._loop.remove_reader(connection)
