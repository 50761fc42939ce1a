"""Connecting to unix sockets in directories that others can write to.

A guest that has taken over its hypervisor may replace its console's socket by a link, or by a second name of another
program's socket, to make Keyhole talk to that program with its rights. So no link in a socket's path is followed, the
connection goes to the socket that was found even if the path has changed since, and the kernel identifies the
listener. Linux only.
"""

import asyncio
import contextlib
import os
import socket
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from keyhole.errors import PathRefused, SocketRefused
from keyhole.model import SocketTrust
from keyhole.net.plain_paths import reached

FULL_QUEUE_SECONDS = 0.02
"""How long to wait before trying again when the listener's queue is full."""

_CREDENTIALS = struct.Struct("3i")
"""Linux, unix(7): struct ucred is the peer's process, user and group id."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The process that called listen on a socket, as reported by the kernel."""

    pid: int
    user_id: int


async def connect(path: str, trust: SocketTrust) -> socket.socket:
    """A connected, non-blocking socket. Waits while the listener's queue is full: the caller sets the deadline.

    Raises SocketRefused, and OSError if the socket does not exist or has no listener.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        with found(path, trust.directory) as place:
            owner = os.fstat(place).st_uid
            await _connect(connection, f"/proc/self/fd/{place}")
        allowed = {owner, 0, os.geteuid()} if trust.user_ids is None else trust.user_ids
        if peer_of(connection).user_id not in allowed:
            raise SocketRefused("belongs to a process of another user")
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def found(path: str, directory: str = "/") -> Iterator[int]:
    """A handle (O_PATH) on the socket at an absolute path, reached as by `plain_paths.reached`. Raises SocketRefused,
    OSError."""
    try:
        with reached(path, directory) as handle:
            if not stat.S_ISSOCK(os.fstat(handle).st_mode):
                raise SocketRefused("is not a socket")
            yield handle
    except PathRefused as refused:
        raise SocketRefused(str(refused)) from refused


def peer_of(connection: socket.socket) -> Peer:
    """The process that called listen on the other side's socket."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, user_id, _ = _CREDENTIALS.unpack(credentials)
    return Peer(pid, user_id)


async def _connect(connection: socket.socket, path: str) -> None:
    """Connects, which succeeds or fails at once; with a full queue it fails with EAGAIN and is tried again.

    Not by asyncio, which interprets this EAGAIN as a connection in progress.
    """
    while True:
        with contextlib.suppress(BlockingIOError):
            connection.connect(path)
            return
        await asyncio.sleep(FULL_QUEUE_SECONDS)
