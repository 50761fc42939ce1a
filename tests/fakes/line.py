"""A network connection that can be cut: it forwards everything to another port until then."""

import asyncio
from contextlib import suppress


class Line:
    """Forwards connections from one loopback port to another."""

    def __init__(self) -> None:
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def lay(self, own_port: int, port: int) -> None:
        async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
            self._writers |= {writer, there_writer}
            await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))
            self._writers -= {writer, there_writer}

        self._server = await asyncio.start_server(forward, "127.0.0.1", own_port)

    async def cut(self) -> None:
        """Ends every connection at once, without telling either side why."""
        for writer in self._writers:
            writer.transport.abort()

    async def remove(self) -> None:
        await self.cut()
        if self._server is not None:
            self._server.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
