"""Connecting to unix sockets whose place others may write to.

A guest that has taken over its hypervisor may put a link, or a second name of another program's socket, in its
console's place and have us speak to that program with our rights. So no link on the way to a socket is followed; the
socket that was found is the one that is connected to, whatever stands at its path by then; and who listens is asked of
the kernel. Linux only.
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
"""How long to wait before knocking again where others are queueing."""

_CREDENTIALS = struct.Struct("3i")
"""Linux, unix(7): struct ucred is the peer's process, user and group id."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The process that made a socket listen, as the kernel vouches for it."""

    pid: int
    user_id: int


async def connect(path: str, trust: SocketTrust) -> socket.socket:
    """A connected, non-blocking socket. Waits as long as the listener's queue is full: the caller sets the deadline.

    Raises SocketRefused, and OSError when nothing is there or nobody listens.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        with found(path, trust.directory) as place:
            owner = os.fstat(place).st_uid
            await _knock(connection, f"/proc/self/fd/{place}")
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
    """Who made the socket at the other end listen."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, user_id, _ = _CREDENTIALS.unpack(credentials)
    return Peer(pid, user_id)


async def _knock(connection: socket.socket, path: str) -> None:
    """Connects, which succeeds or fails at once; a full queue fails with EAGAIN, so we come again.

    Done by hand since asyncio takes that EAGAIN for a connection that is under way.
    """
    while True:
        with contextlib.suppress(BlockingIOError):
            connection.connect(path)
            return
        await asyncio.sleep(FULL_QUEUE_SECONDS)
