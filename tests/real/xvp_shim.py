"""Brings any VNC viewer to an xvpvnc console: a local port whose one connection is tunnelled to the console's URL.

The tunnel is opened as the patched viewers of old did: by `CONNECT /console?token=... HTTP/1.0` to the URL's host, or
by a plain GET; after the reply's empty line both sides speak RFB.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.fakes.rfb_target import listening

from keyhole.model import TcpAddress

REPLY_SECONDS = 10


@asynccontextmanager
async def xvp_tunnel(url: str, method: str = "CONNECT") -> AsyncIterator[TcpAddress]:
    """A port whose first connection goes through to the console at `url`; any other one is closed."""
    urls = [url]

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not urls:
            return
        far_reader, far_writer = await open_tunnel(urls.pop(), method)
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            far_writer.close()

    async with listening(relay) as address:
        yield address


async def open_tunnel(url: str, method: str = "CONNECT") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which the console at `url` speaks RFB from the first byte on."""
    parts = urlsplit(url)
    assert parts.scheme == "http"
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"{method} {parts.path}?{parts.query} HTTP/1.0\r\n\r\n".encode())
    async with asyncio.timeout(REPLY_SECONDS):
        reply = await reader.readuntil(b"\r\n\r\n")
    assert reply == b"HTTP/1.1 200 OK\r\n\r\n"
    return reader, writer


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()
