"""One connection to a QMP socket: commands out, answers in, events passed over.

QEMU serves one client of a QMP socket at a time, so a connection is for a few questions and is closed at once. There
is no deadline in here: whoever opens a session sets one around it.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from keyhole.errors import KeyholeError
from keyhole.protocols.qmp import Failure, Notice, QmpClient, QmpEvent, Ready, Reply

READ_BYTES = 64 << 10

FULL_QUEUE_SECONDS = 0.02
"""How long to wait before knocking again where others are queueing."""

_CREDENTIALS = struct.Struct("3i")
"""Linux, unix(7): struct ucred is the peer's process, user and group id."""


class CommandFailed(KeyholeError):
    """QEMU refused a command; the message is QEMU's."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The process that made the socket, as the kernel vouches for it."""

    pid: int
    user_id: int


class QmpSession:
    """An open connection on which commands may be given, one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer) -> None:
        self.peer = peer
        self._reader = reader
        self._writer = writer
        self._client = QmpClient()
        self._events: list[QmpEvent] = []

    async def greet(self) -> None:
        """Returns when QEMU takes commands. Raises ProtocolError, OSError."""
        while not isinstance(await self._next_event(), Ready):
            pass

    async def execute(self, command: str, **arguments: object) -> object:
        """The command's answer, any JSON value. Raises CommandFailed, ProtocolError, OSError."""
        number = self._client.execute(command, arguments)
        while True:
            match await self._next_event():
                case Reply(answered, value) if answered == number:
                    return value
                case Failure(answered, _, description) if answered == number:
                    raise CommandFailed(f"QEMU refused {command}: {description}")
                case Ready() | Reply() | Failure() | Notice():
                    continue

    async def _next_event(self) -> QmpEvent:
        while not self._events:
            self._writer.writelines(self._client.data_to_send())
            data = await self._reader.read(READ_BYTES)
            if data:
                self._client.receive_data(data)
            else:
                self._client.receive_eof()
            self._events += self._client.events()
        return self._events.pop(0)


@contextlib.asynccontextmanager
async def open_qmp(path: Path) -> AsyncIterator[QmpSession]:
    """A session on the QMP socket at `path`, past the greeting.

    Waits as long as others hold the socket. Raises OSError when nobody listens there, ProtocolError when what answers
    is not QMP.
    """
    connection = await _connect(path)
    try:
        peer = _peer_of(connection)
        reader, writer = await asyncio.open_unix_connection(sock=connection)
    except BaseException:
        connection.close()
        raise
    try:
        session = QmpSession(reader, writer, peer)
        await session.greet()
        yield session
    finally:
        writer.transport.abort()


async def _connect(path: Path) -> socket.socket:
    """Connects to a unix socket, which succeeds or fails at once; a full queue fails with EAGAIN, so we come again.

    Done by hand since asyncio takes that EAGAIN for a connection that is under way.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        while True:
            with contextlib.suppress(BlockingIOError):
                connection.connect(bytes(path))
                return connection
            await asyncio.sleep(FULL_QUEUE_SECONDS)
    except BaseException:
        connection.close()
        raise


def _peer_of(connection: socket.socket) -> Peer:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, user_id, _ = _CREDENTIALS.unpack(credentials)
    return Peer(pid, user_id)
