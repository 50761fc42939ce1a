"""The messages between supervisor and worker: one JSON object for each line, over a pair of unix sockets.

A worker starts by answering the supervisor's requests, one at a time, and only then serves:

    supervisor                              worker
    {"settings": TEXT, "source": NAME}      {"prepared": FACTS}, or {"refused": LINE} and its end
    {"serve": true} and the sockets         {"ready": true, "pongs": true}, or {"refused": LINE} and its end

If `server.admin_listen` is set, its socket is the last one. A worker accepts on it while it accepts on any.

From then on both sides send messages at any time:

    {"accept": [INDEX, ...]}                accept on exactly these sockets, and on that of `server.admin_listen`
    {"end": SECONDS or null}                stop accepting, end after the last session or this many seconds
    {"count": true}                         {"counted": FAMILIES}; also sent once at a worker's end
    {"counts": FAMILIES}                    the answer to a worker's {"scraped": true}
    {"attempt": OUTCOME}                    {"attempt": OUTCOME}: a sign-in at one worker, passed on to all others
    {"ping": true}                          {"pong": true}: the worker is alive, and its event loop runs

Either side may be of a later version: unknown messages are ignored. A worker that does not announce "pongs" gets no
pings.

If a worker disconnects, the supervisor starts another; if the supervisor disconnects, the worker ends.
"""

import asyncio
import errno
import json
import os
import socket
from typing import Any, Self

LINE_LIMIT_BYTES = 16 * 1024 * 1024
SOCKETS_LIMIT = 253
"""How many file descriptors one message can carry (Linux, SCM_MAX_FD)."""

Message = dict[str, Any]


class Channel:
    """One end of the connection, once both sides run an event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, end: socket.socket) -> Self:
        return cls(*await asyncio.open_unix_connection(sock=end, limit=LINE_LIMIT_BYTES))

    def send(self, message: Message) -> None:
        """Sends a message. A disconnect of the other side only shows in `receive`."""
        if not self._writer.is_closing():
            self._writer.write(encode(message))

    async def receive(self) -> Message | None:
        """The next message, None when the other side has disconnected."""
        try:
            line = await self._reader.readline()
            message = json.loads(line) if line.endswith(b"\n") else None
        except (OSError, ValueError):
            return None
        return message if isinstance(message, dict) else None

    async def close(self) -> None:
        """Sends the buffered messages and closes."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return


def encode(message: Message) -> bytes:
    return json.dumps(message).encode() + b"\n"


def ask_supervisor(end: socket.socket) -> Message | None:
    """The first message to a worker, before it has an event loop. It is sent alone: nothing follows until an answer."""
    with end.makefile("rb") as lines:
        line = lines.readline()
    message: Message | None = json.loads(line) if line else None
    return message


def receive_sockets(end: socket.socket) -> list[socket.socket]:
    """The sockets to serve on, also sent alone. Empty if the supervisor has disconnected.

    Raises OSError if this process may not open that many descriptors: the kernel then drops some.
    """
    _, descriptors, flags, _ = socket.recv_fds(end, 1024, SOCKETS_LIMIT)
    if flags & socket.MSG_CTRUNC:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    return [socket.socket(fileno=descriptor) for descriptor in descriptors]
