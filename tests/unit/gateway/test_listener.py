"""The one port: what TLS may cost before anything was said."""

import asyncio
import socket
from pathlib import Path

from tests.real.certificates import certified
from tests.unit.gateway.conftest import make_world

from keyhole.gateway.certificate import certificate_of
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.listener import listen

HEAD_SECONDS = 0.3


async def test_a_client_that_never_ends_its_tls_handshake_is_cut_off(tmp_path: Path) -> None:
    keys, trust = certified(tmp_path)
    certificate = certificate_of(Path(keys["tls_certificate"]), Path(keys["tls_key"]))
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    async with make_world(deadlines=Deadlines(head=HEAD_SECONDS)) as world:
        server = await listen(listener, world.door, certificate)
        for first in (b"", b"\x16\x03\x01"):
            mute, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(first)
            assert await asyncio.wait_for(mute.read(), 5) == b""
            writer.close()
        good, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
        writer.write(b"GET /over-tls HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"/over-tls" in await asyncio.wait_for(good.read(), 5)
        writer.close()
        server.close()
        await server.wait_closed()
