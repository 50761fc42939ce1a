"""Targets to dial in tests: an RFB server driven by our own viewer-side machine, and peers that misbehave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from keyhole.model import TcpAddress
from keyhole.protocols.rfb.handshake.viewer import ViewerHandshake

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

SERVER_INIT = bytes.fromhex("0400 0300 20 18 00 01 00ff 00ff 00ff 10 08 00 000000 00000004") + b"test"


@asynccontextmanager
async def listening(script: Script) -> AsyncIterator[TcpAddress]:
    """Runs `script` for every connection to a loopback port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the peer went away, or the test is over
        finally:
            writer.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield TcpAddress("127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[bool, bytes]:
    """Serves one RFB handshake; returns the client's shared flag and what it sent after it."""
    machine = ViewerHandshake()
    while True:
        for message in machine.data_to_send():
            writer.write(message)
        if events := machine.events():
            break
        data = await reader.read(65536)
        if not data:
            raise ConnectionError
        machine.receive_data(data)
    machine.send_server_init(SERVER_INIT)
    for message in machine.data_to_send():
        writer.write(message)
    return events[0].shared, machine.trailing_data()


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that sends updates without end."""
    await shake_hands(reader, writer)
    await pour(writer)


async def pour(writer: asyncio.StreamWriter) -> None:
    """Sends as much as the peer takes, without end."""
    while True:
        writer.write(bytes(65536))
        await writer.drain()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """After the handshake, sends back everything that it receives."""
    _, first = await shake_hands(reader, writer)
    writer.write(first)
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
