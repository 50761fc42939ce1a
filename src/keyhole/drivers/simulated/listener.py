"""Listens for the consoles of a simulated guest, and ends accepted connections."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import cast

from keyhole.model import Address, TcpAddress, UnixAddress


class Connection(asyncio.Protocol):
    """An accepted connection. `has_room` is False while the peer reads less than is written."""

    def __init__(self, accepted: "set[Connection]") -> None:
        self._accepted = accepted
        self.has_room = True
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._accepted.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._accepted.discard(self)

    def pause_writing(self) -> None:
        self.has_room = False

    def resume_writing(self) -> None:
        self.has_room = True


class Listener:
    """Creates a `Connection` for each connection at one address; `make` is passed the set in which they register."""

    def __init__(self, make: Callable[[set[Connection]], Connection]) -> None:
        self._make = make
        self._accepted: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._path: Path | None = None

    async def start(self, address: Address) -> Address:
        """Listens; port 0 means any free port. Returns the listening address. Raises OSError."""
        loop = asyncio.get_running_loop()
        match address:
            case UnixAddress(path):
                self._server = await loop.create_unix_server(self._connection, path)
                self._path = Path(path)
                return address
            case TcpAddress(host, port):
                self._server = await loop.create_server(self._connection, host, port)
                return TcpAddress(host, self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stops listening and ends every connection."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        for connection in list(self._accepted):
            connection.transport.abort()

    def _connection(self) -> Connection:
        return self._make(self._accepted)
