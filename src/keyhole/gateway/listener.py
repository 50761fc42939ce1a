"""The one port: binding it, and TLS on it."""

import asyncio
import os
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from keyhole.errors import SettingsError
from keyhole.gateway.front_door import FrontDoor
from keyhole.model import Address, TcpAddress, UnixAddress

BACKLOG = 4096


async def listen(listener: socket.socket, door: FrontDoor, tls: ssl.SSLContext | None) -> asyncio.Server:
    """Accepts connections for the front door from now on. A TLS handshake may take as long as a request's head."""
    loop = asyncio.get_running_loop()
    create = loop.create_unix_server if listener.family == socket.AF_UNIX else loop.create_server
    patience = door.parts.deadlines.head if tls is not None else None
    return await create(door.protocol, sock=listener, ssl=tls, ssl_handshake_timeout=patience, backlog=BACKLOG)


@contextmanager
def bound_socket(address: Address) -> Iterator[socket.socket]:
    """A socket bound to the one port. Raises SettingsError when the address cannot be had."""
    with ExitStack() as stack:
        try:
            listener = stack.enter_context(_bind(address))
        except OSError as error:
            raise SettingsError(f"server.listen: cannot listen on {address}: {error.strerror}") from error
        if isinstance(address, UnixAddress):
            stack.callback(Path(address.path).unlink, missing_ok=True)
        yield listener


def _bind(address: Address) -> socket.socket:
    family: socket.AddressFamily
    place: tuple[Any, ...] | str
    match address:
        case TcpAddress(host, port):
            family, _, _, _, place = socket.getaddrinfo(
                host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
        case UnixAddress(path):
            _remove_dead_socket(path)
            family, place = socket.AF_UNIX, path
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
    except OSError:
        listener.close()
        raise
    return listener


def _remove_dead_socket(path: str) -> None:
    """Takes away a socket that an ended process left behind; a live one stays and makes `bind` fail."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()


def tls_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """What TLS needs, None without a certificate. Raises SettingsError when the files cannot be used."""
    if certificate is None or key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise SettingsError(
            "server.tls_certificate, server.tls_key: not a PEM certificate chain and the private key that belongs to it"
        ) from error
    except OSError as error:
        missing = next((path for path in (certificate, key) if not os.access(path, os.R_OK)), certificate)
        raise SettingsError(f"server.tls_certificate, server.tls_key: {missing}: {error.strerror}") from error
    return context
