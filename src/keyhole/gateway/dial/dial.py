"""Connecting to a target: one connection by the route that its driver supplied."""

import asyncio
import ipaddress
import socket
from functools import lru_cache

from keyhole.errors import SocketRefused, TargetFailed
from keyhole.gateway.connection import Connection
from keyhole.model import Dialled, Handed, Route, TcpAddress, UnixAddress
from keyhole.net import unix_sockets
from keyhole.reasons import Reason


async def dial(route: Route) -> Connection:
    """Connects, or takes over the driver's connected socket. The caller sets the deadline.

    Raises TargetFailed: `target_refused` if the connection was refused, `target_unreachable` otherwise. Its message
    does not name the address, since the viewer may read it.
    """
    connection = Connection(Reason.TARGET_CLOSED)
    try:
        await _connect(connection, route)
    except ConnectionRefusedError as error:
        raise TargetFailed(Reason.TARGET_REFUSED, "the host refused the connection") from error
    except FileNotFoundError as error:
        raise TargetFailed(Reason.TARGET_UNREACHABLE, "the console's socket does not exist") from error
    except SocketRefused as error:
        raise TargetFailed(Reason.TARGET_UNREACHABLE, f"the console's socket {error}") from error
    except OSError as error:
        raise TargetFailed(Reason.TARGET_UNREACHABLE, "the host cannot be reached") from error
    return connection


def is_encrypted(transport: asyncio.BaseTransport, route: Route) -> bool | None:
    """Whether network traffic is encrypted; None if no unencrypted traffic leaves this machine."""
    if transport.get_extra_info("sslcontext") is not None:
        return True
    if isinstance(route, Handed):
        return {"encrypted": True, "local": None, "clear": False}[route.protects]
    peer = transport.get_extra_info("peername")
    if not isinstance(peer, tuple) or _is_loopback(peer[0].partition("%")[0]):
        return None
    return False


@lru_cache(maxsize=4096)
def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


async def _connect(connection: Connection, route: Route) -> None:
    match route:
        case Dialled(TcpAddress(host, port)):
            await asyncio.get_running_loop().create_connection(lambda: connection, host, port)
        case Dialled(UnixAddress(path), socket=trust):
            await _adopt(connection, await unix_sockets.connect(path, trust))
        case Handed(line):
            await _adopt(connection, line)


async def _adopt(connection: Connection, line: socket.socket) -> None:
    """Creates the connection's transport from a connected socket, which is closed on failure."""
    loop = asyncio.get_running_loop()
    try:
        if line.family == socket.AF_UNIX:
            await loop.create_unix_connection(lambda: connection, sock=line)
        else:
            await loop.create_connection(lambda: connection, sock=line)
    except BaseException:
        line.close()
        raise
