"""Whether something listens at a console's address, without disturbing the listener.

A console may serve one client at a time, end with its first client, or block a client that connects and sends nothing.
So a unix socket is only inspected, and a TCP connection is reset before the kernel passes it to the listener: the last
segment of TCP's handshake is delayed (TCP_QUICKACK off) and a reset is sent instead (no lingering).
"""

import asyncio
import socket
import struct

from keyhole.errors import SocketRefused
from keyhole.model import Address, TcpAddress, UnixAddress
from keyhole.net.unix_sockets import found

DEADLINE_SECONDS = 1.0

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


async def probe(address: Address, directory: str = "/") -> str | None:
    """What is wrong with an address, as the end of a sentence; None if something listens there.

    `directory` is where a unix socket may be, as in `model.SocketTrust`.
    """
    match address:
        case UnixAddress(path):
            return _inspect(path, directory)
        case TcpAddress(host, port):
            try:
                async with asyncio.timeout(DEADLINE_SECONDS):
                    return await _try_all(host, port)
            except TimeoutError:
                return f"does not answer within {DEADLINE_SECONDS:g} s"


def _inspect(path: str, directory: str) -> str | None:
    try:
        with found(path, directory):
            return None
    except SocketRefused as refused:
        return str(refused)
    except FileNotFoundError:
        return "does not exist"
    except OSError as error:
        return f"cannot be checked: {error.strerror}"


async def _try_all(host: str, port: int) -> str | None:
    """Tries each address of a host until one answers; the first one's problem if none does."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return "has a host name that cannot be found"
    problems: list[str] = []
    for family, kind, protocol, _, endpoint in found:
        try:
            await _connect(socket.socket(family, kind, protocol), endpoint)
        except ConnectionRefusedError:
            problems.append("refuses the connection")
        except OSError as error:
            problems.append(f"cannot be reached: {error.strerror}")
        else:
            return None
    return problems[0]


async def _connect(connection: socket.socket, endpoint: tuple[object, ...]) -> None:
    with connection:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        if hasattr(socket, "TCP_QUICKACK"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
        await asyncio.get_running_loop().sock_connect(connection, endpoint)
