"""One connection to a QMP socket: commands out, answers in, events ignored.

QEMU serves one client of a QMP socket at a time, so a connection is used for a few commands and closed at once. There
is no deadline in here: the caller sets one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from keyhole.errors import KeyholeError
from keyhole.model import SocketTrust
from keyhole.net.unix_sockets import Peer, connect, peer_of
from keyhole.protocols.qmp import Failure, Notice, QmpClient, QmpEvent, Ready, Reply

READ_BYTES = 64 << 10


class CommandFailed(KeyholeError):
    """QEMU refused a command; the message is QEMU's."""


class QmpSession:
    """An open connection for commands, one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer) -> None:
        self.peer = peer
        self._reader = reader
        self._writer = writer
        self._client = QmpClient()
        self._events: list[QmpEvent] = []

    async def greet(self) -> None:
        """Returns when QEMU accepts commands. Raises ProtocolError, OSError."""
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
async def open_qmp(path: Path, trust: SocketTrust | None = None) -> AsyncIterator[QmpSession]:
    """A session on the QMP socket at `path`, after the greeting.

    Waits as long as others use the socket. Raises OSError if nothing listens there, SocketRefused if the socket is not
    trusted (None: those in the path's own folder are), ProtocolError if the answer is not QMP.
    """
    connection = await connect(str(path), trust or SocketTrust(str(path.parent)))
    try:
        peer = peer_of(connection)
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
