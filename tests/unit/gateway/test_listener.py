"""The one port with TLS: what it may cost before anything was said, and what is spoken."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from tests.fakes.waiting import until
from tests.real.certificates import certified
from tests.unit.gateway.conftest import World, make_world
from tests.unit.gateway.test_http_connections import no_descriptors_left

from keyhole.core.limits import HandshakeLimits
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.listener import listen
from keyhole.net.certificate import certificate_of
from keyhole.reasons import Reason

HEAD_SECONDS = 0.3
REQUEST = b"GET /over-tls HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
TLS_BEGUN = b"\x16\x03\x01"


@asynccontextmanager
async def tls_port(
    world: World, folder: Path, kind: trustme.KeyType = trustme.KeyType.ECDSA
) -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    """A port with TLS before the world's door, and a client's context that trusts it."""
    keys, trust = certified(folder, kind)
    certificate = certificate_of(Path(keys["tls_certificate"]), Path(keys["tls_key"]))
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = await listen(listener, world.door, certificate)
    try:
        yield port, trust
    finally:
        server.close()
        await server.wait_closed()


def visit(port: int, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> tuple[bool, ssl.SSLSession]:
    """A whole request in a blocking client; whether it resumed a TLS session, and the session that it may resume."""
    raw = socket.create_connection(("127.0.0.1", port), timeout=10)
    with context.wrap_socket(raw, server_hostname="127.0.0.1", session=session) as line:
        line.sendall(REQUEST)
        answer = b"".join(iter(lambda: line.recv(4096), b""))
        assert b"/over-tls" in answer
        assert line.session is not None
        return bool(line.session_reused), line.session


async def test_a_client_that_never_ends_its_tls_handshake_is_cut_off(tmp_path: Path) -> None:
    async with make_world(deadlines=Deadlines(head=HEAD_SECONDS)) as world, tls_port(world, tmp_path) as (port, trust):
        for first in (b"", TLS_BEGUN):
            mute, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(first)
            assert await asyncio.wait_for(mute.read(), 5) == b""
            writer.close()
        await asyncio.to_thread(visit, port, trust)


@pytest.mark.parametrize("first", [b"", TLS_BEGUN], ids=["mute", "half a handshake"])
async def test_a_flood_of_unfinished_handshakes_leaves_room_for_other_addresses(tmp_path: Path, first: bytes) -> None:
    handshakes = HandshakeLimits(total=10, per_address=3)
    async with make_world(handshakes=handshakes) as world, tls_port(world, tmp_path) as (port, trust):
        flood = [await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0)) for _ in range(8)]
        for _, writer in flood:
            writer.write(first)
        await until(lambda: world.refused(Reason.LIMIT_ADDRESS) == 5)
        assert world.door.handshakes() == 3
        await asyncio.to_thread(visit, port, trust)
        for _, writer in flood:
            writer.close()
        await until(lambda: world.door.handshakes() == 0)


async def test_beyond_the_total_a_connection_is_closed_before_tls(tmp_path: Path) -> None:
    async with (
        make_world(handshakes=HandshakeLimits(total=1)) as world,
        tls_port(world, tmp_path) as (port, trust),
    ):
        _, first = await asyncio.open_connection("127.0.0.1", port)
        await until(lambda: world.door.handshakes() == 1)
        late, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await asyncio.wait_for(late.read(), 5) == b""
        assert world.refused(Reason.LIMIT_HANDSHAKES) == 1
        for one in (first, writer):
            one.close()
        await until(lambda: world.door.handshakes() == 0)
        await asyncio.to_thread(visit, port, trust)


async def test_a_connection_counts_once_from_its_first_byte_to_its_first_request(tmp_path: Path) -> None:
    async with make_world() as world, tls_port(world, tmp_path) as (port, trust):
        for tls in (trust, None):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
            writer.write(REQUEST[:10])
            await until(lambda: len(world.door._waiting) == 1)
            assert world.door.handshakes() == 1
            assert world.door.is_busy
            writer.write(REQUEST[10:])
            await asyncio.wait_for(reader.read(), 5)
            writer.close()
            await until(lambda: world.door.handshakes() == 0)


@pytest.mark.parametrize("kind", [trustme.KeyType.ECDSA, trustme.KeyType.RSA], ids=lambda kind: kind.name)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda one: one.name)
async def test_a_client_that_comes_again_resumes_its_tls_session(
    tmp_path: Path, kind: trustme.KeyType, version: ssl.TLSVersion
) -> None:
    async with make_world() as world, tls_port(world, tmp_path, kind) as (port, trust):
        trust.minimum_version = trust.maximum_version = version
        resumed, session = await asyncio.to_thread(visit, port, trust)
        assert not resumed
        assert session.has_ticket
        resumed, _ = await asyncio.to_thread(visit, port, trust, session)
        assert resumed


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
async def test_older_versions_of_tls_are_refused(tmp_path: Path) -> None:
    async with make_world() as world, tls_port(world, tmp_path) as (port, trust):
        trust.set_ciphers("DEFAULT:@SECLEVEL=0")
        trust.minimum_version = trust.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(ssl.SSLError, match=r"EOF|PROTOCOL_VERSION"):
            await asyncio.to_thread(visit, port, trust)
        trust.maximum_version = ssl.TLSVersion.TLSv1_2
        await asyncio.to_thread(visit, port, trust)


@pytest.mark.programs
async def test_without_descriptors_accepting_rests_and_the_log_says_so(tmp_path: Path) -> None:
    async with make_world() as world, tls_port(world, tmp_path) as (port, trust):
        client = socket.socket()
        with no_descriptors_left():
            client.connect(("127.0.0.1", port))
            await until(lambda: world.events("service.degraded"))
        (event,) = world.events("service.degraded")
        assert event["part"] == "descriptors"
        with client:
            await asyncio.to_thread(visit, port, trust)
