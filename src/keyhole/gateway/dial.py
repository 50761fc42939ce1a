"""Reaching a target: one connection to the address that its driver named."""

import asyncio
import os
import stat

from keyhole.errors import TargetFailed
from keyhole.gateway.connection import Connection
from keyhole.model import Address, TcpAddress, UnixAddress
from keyhole.reasons import Reason


async def dial(address: Address) -> Connection:
    """Connects. The caller sets the deadline.

    Raises TargetFailed: `target_refused` when something there said no, `target_unreachable` otherwise. Its message
    does not name the address, since the viewer may read it.
    """
    loop = asyncio.get_running_loop()
    connection = Connection(Reason.TARGET_CLOSED)
    try:
        match address:
            case TcpAddress(host, port):
                await loop.create_connection(lambda: connection, host, port)
            case UnixAddress(path):
                _require_socket(path)
                await loop.create_unix_connection(lambda: connection, path)
    except ConnectionRefusedError as error:
        raise TargetFailed(Reason.TARGET_REFUSED, "the host refused the connection") from error
    except FileNotFoundError as error:
        raise TargetFailed(Reason.TARGET_UNREACHABLE, "the console's socket does not exist") from error
    except OSError as error:
        raise TargetFailed(Reason.TARGET_UNREACHABLE, "the host cannot be reached") from error
    return connection


def _require_socket(path: str) -> None:
    """A link planted in a console's place must not lead to another socket of the host."""
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise TargetFailed(Reason.TARGET_UNREACHABLE, "what stands at the console's path is not a socket")
