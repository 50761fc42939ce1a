"""What supervisor and worker say to each other: a JSON object on a line, over a pair of unix sockets.

A worker begins by being asked, one question at a time, and only then serves:

    supervisor                              worker
    {"settings": TEXT, "source": NAME}      {"prepared": FACTS}, or {"refused": LINE} and its end
    {"serve": true} and the sockets         {"ready": true, "pongs": true}, or {"refused": LINE} and its end

The last socket is that of `server.admin_listen`, where it is set. A worker accepts on it while it accepts on any.

From then on either speaks when it has something to say:

    {"accept": [INDEX, ...]}                accept on these of the sockets, and on the admins', and on no others
    {"end": SECONDS or null}                accept no more, end after the last session or this many seconds
    {"count": true}                         {"counted": FAMILIES}; also said once at a worker's end
    {"counts": FAMILIES}                    the answer to a worker's {"scraped": true}
    {"attempt": OUTCOME}                    {"attempt": OUTCOME}: a sign-in here, of which all other workers are told
    {"ping": true}                          {"pong": true}: it is alive, and its event loop runs

Either may be of a later version than the other: what it does not know it ignores. A worker that does not promise
"pongs" is not asked for them.

Whoever finds the other gone: a supervisor starts another worker, a worker ends.
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
    """One end, from the time when both sides run an event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, end: socket.socket) -> Self:
        return cls(*await asyncio.open_unix_connection(sock=end, limit=LINE_LIMIT_BYTES))

    def send(self, message: Message) -> None:
        """Says something; whether the other side is still there shows in `receive`."""
        if not self._writer.is_closing():
            self._writer.write(encode(message))

    async def receive(self) -> Message | None:
        """The next thing said, None when the other side is gone."""
        try:
            line = await self._reader.readline()
            message = json.loads(line) if line.endswith(b"\n") else None
        except (OSError, ValueError):
            return None
        return message if isinstance(message, dict) else None

    async def close(self) -> None:
        """Sends what was said and closes."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return


def encode(message: Message) -> bytes:
    return json.dumps(message).encode() + b"\n"


def ask_supervisor(end: socket.socket) -> Message | None:
    """The first message to a worker, before it has an event loop; it is said alone, so nothing follows it yet."""
    with end.makefile("rb") as lines:
        line = lines.readline()
    message: Message | None = json.loads(line) if line else None
    return message


def receive_sockets(end: socket.socket) -> list[socket.socket]:
    """The sockets to serve on, said alone too. Empty when the supervisor is gone.

    Raises OSError where this process may not have that many descriptors: then the kernel leaves some out.
    """
    _, descriptors, flags, _ = socket.recv_fds(end, 1024, SOCKETS_LIMIT)
    if flags & socket.MSG_CTRUNC:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    return [socket.socket(fileno=descriptor) for descriptor in descriptors]
