"""TLS on the one port: which certificates and versions, and that a viewer who comes back need not begin anew."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
import trustme

from keyhole.net.certificate import Certificate


class Greeting(asyncio.Protocol):
    """Says one byte, after which a client has its session ticket."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.write(b"x")


def connect(port: int, trust: ssl.SSLContext, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        line = trust.wrap_socket(plain, server_hostname="127.0.0.1", session=session)
    assert line.recv(1) == b"x"
    return line


def certified(folder: Path, key_type: trustme.KeyType = trustme.KeyType.ECDSA) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's side with a new certificate, and a client's that trusts it."""
    authority = trustme.CA(key_type=key_type)
    certificate = authority.issue_cert("127.0.0.1", key_type=key_type)
    both = folder / "both.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(both))
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    return Certificate(both, both).context, trust


@pytest.mark.parametrize("key_type", [trustme.KeyType.ECDSA, trustme.KeyType.RSA])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_session_is_taken_up_again(key_type: trustme.KeyType, version: ssl.TLSVersion, tmp_path: Path) -> None:
    context, trust = certified(tmp_path, key_type)
    trust.minimum_version = trust.maximum_version = version
    server = await asyncio.get_running_loop().create_server(Greeting, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        first = await asyncio.to_thread(connect, port, trust)
        again = await asyncio.to_thread(connect, port, trust, first.session)
        assert (first.session_reused, again.session_reused) == (False, True)
        assert first.version() == again.version() == version.name.replace("_", ".")
        first.close()
        again.close()


@pytest.mark.parametrize("order", [("AES128-GCM", "AES256-GCM"), ("AES256-GCM", "AES128-GCM")])
async def test_of_the_ciphers_the_clients_first_is_used(order: tuple[str, str], tmp_path: Path) -> None:
    context, trust = certified(tmp_path)
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    names = {"AES128-GCM": "ECDHE-ECDSA-AES128-GCM-SHA256", "AES256-GCM": "ECDHE-ECDSA-AES256-GCM-SHA384"}
    trust.set_ciphers(":".join(names[kind] for kind in order))
    server = await asyncio.get_running_loop().create_server(Greeting, "127.0.0.1", 0, ssl=context)
    async with server:
        line = await asyncio.to_thread(connect, server.sockets[0].getsockname()[1], trust)
        cipher = line.cipher()
        line.close()
    assert cipher is not None
    assert cipher[0] == names[order[0]]


def test_nobody_renegotiates(tmp_path: Path) -> None:
    assert certified(tmp_path)[0].options & ssl.OP_NO_RENEGOTIATION


def test_what_is_older_than_tls_1_2_is_not_spoken(tmp_path: Path) -> None:
    assert certified(tmp_path)[0].minimum_version is ssl.TLSVersion.TLSv1_2
