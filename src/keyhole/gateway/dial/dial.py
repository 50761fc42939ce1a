"""Reaching a target: one connection to where its driver said."""

import asyncio
import ipaddress
from functools import lru_cache

from keyhole.errors import SocketRefused, TargetFailed
from keyhole.gateway.connection import Connection
from keyhole.model import Target, TcpAddress, UnixAddress
from keyhole.net import unix_sockets
from keyhole.reasons import Reason


async def dial(target: Target) -> Connection:
    """Connects. The caller sets the deadline.

    Raises TargetFailed: `target_refused` when something there said no, `target_unreachable` otherwise. Its message
    does not name the address, since the viewer may read it.
    """
    connection = Connection(Reason.TARGET_CLOSED)
    try:
        await _connect(connection, target)
    except ConnectionRefusedError as error:
        raise TargetFailed(Reason.TARGET_REFUSED, "the host refused the connection") from error
    except FileNotFoundError as error:
        raise TargetFailed(Reason.TARGET_UNREACHABLE, "the console's socket does not exist") from error
    except SocketRefused as error:
        raise TargetFailed(Reason.TARGET_UNREACHABLE, f"the console's socket {error}") from error
    except OSError as error:
        raise TargetFailed(Reason.TARGET_UNREACHABLE, "the host cannot be reached") from error
    return connection


def is_encrypted(transport: asyncio.BaseTransport) -> bool | None:
    """Whether what goes over a network is encrypted; None where nothing leaves this machine in the clear."""
    if transport.get_extra_info("sslcontext") is not None:
        return True
    peer = transport.get_extra_info("peername")
    if not isinstance(peer, tuple) or _is_loopback(peer[0].partition("%")[0]):
        return None
    return False


@lru_cache(maxsize=4096)
def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


async def _connect(connection: Connection, target: Target) -> None:
    loop = asyncio.get_running_loop()
    match target.address:
        case TcpAddress(host, port):
            await loop.create_connection(lambda: connection, host, port)
        case UnixAddress(path):
            line = await unix_sockets.connect(path, target.socket)
            try:
                await loop.create_unix_connection(lambda: connection, sock=line)
            except BaseException:
                line.close()
                raise
