"""Opens a console's URL of any type with that type's kind of client, until the server has responded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from tests.fakes.rfb_viewer import RfbViewer
from tests.fakes.wire import Wire
from tests.real.xvp_shim import xvp_tunnel

SERIAL_SECONDS = 20

BINARY = "Sec-WebSocket-Protocol: binary"


def websocket_target(url: str) -> str:
    """The WebSocket's path and query that belong to a novnc page's or a serial console's URL."""
    parts = urlsplit(url)
    if parts.scheme.startswith("ws"):
        return f"{parts.path}?{parts.query}"
    (path,) = parse_qs(parts.query)["path"]
    return f"/{path}"


@asynccontextmanager
async def websocket(url: str) -> AsyncIterator[Wire]:
    """The upgraded connection to a console's WebSocket."""
    port = urlsplit(url).port
    assert port is not None
    wire = await Wire.connect(port)
    answer = await wire.upgrade(websocket_target(url), BINARY)
    assert answer.status == 101, answer
    yield wire
    wire.close()


async def novnc_size(url: str) -> tuple[int, int]:
    """Signs in by WebSocket; the screen's width and height in pixels."""
    async with websocket(url) as wire:
        server_init = (await wire.rfb_handshake()).payload
    return int.from_bytes(server_init[:2], "big"), int.from_bytes(server_init[2:4], "big")


async def xvpvnc_size(url: str) -> tuple[int, int]:
    """Signs in by CONNECT, as native viewers do; the screen's width and height in pixels."""
    async with xvp_tunnel(url) as address, RfbViewer.open(address) as viewer:
        await viewer.update()
        return viewer.width, viewer.height


async def serial_prompt(url: str, prompt: bytes) -> bytes:
    """Presses Enter on a serial console and reads until its prompt; all that was read."""
    seen = b""
    async with websocket(url) as wire, asyncio.timeout(SERIAL_SECONDS):
        wire.send(b"\r")
        while prompt not in seen:
            frame = await wire.frame(SERIAL_SECONDS)
            assert frame.opcode == 2, frame
            seen += frame.payload
    return seen
