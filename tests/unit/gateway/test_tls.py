"""TLS on the one port: which certificates and versions, and that a viewer who comes back need not begin anew."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
import trustme

from keyhole.gateway.certificate import Certificate


class Greeting(asyncio.Protocol):
    """Says one byte, after which a client has its session ticket."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.write(b"x")


def connect(port: int, trust: ssl.SSLContext, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        line = trust.wrap_socket(plain, server_hostname="127.0.0.1", session=session)
    assert line.recv(1) == b"x"
    return line


@pytest.mark.parametrize("key_type", [trustme.KeyType.ECDSA, trustme.KeyType.RSA])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_session_is_taken_up_again(key_type: trustme.KeyType, version: ssl.TLSVersion, tmp_path: Path) -> None:
    authority = trustme.CA(key_type=key_type)
    certificate = authority.issue_cert("127.0.0.1", key_type=key_type)
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    trust.minimum_version = trust.maximum_version = version
    context = Certificate(chain, key).context
    server = await asyncio.get_running_loop().create_server(Greeting, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        first = await asyncio.to_thread(connect, port, trust)
        again = await asyncio.to_thread(connect, port, trust, first.session)
        assert (first.session_reused, again.session_reused) == (False, True)
        assert first.version() == again.version() == version.name.replace("_", ".")
        first.close()
        again.close()


def test_what_is_older_than_tls_1_2_is_not_spoken(tmp_path: Path) -> None:
    certificate = trustme.CA().issue_cert("127.0.0.1")
    both = tmp_path / "both.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(both))
    context = Certificate(both, both).context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
