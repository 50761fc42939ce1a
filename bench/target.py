"""The target: a VNC server that answers the handshake and then does one simple thing as fast as it can.

It is one process on one epoll, with a port for each behaviour, so that it is seldom what the gateways wait for.
"""

import contextlib
import select
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection as Pipe

from bench import rfb
from bench.processes import SPAWN, BenchError, Count, Counters, worker

OFFERED_BYTES = 100_000_000
"""What is offered in one session to a peer that does not read."""
START_SECONDS = 10.0
_READ_BYTES = 256 * 1024
_SENDS_AT_ONCE = 16


class Behaviour(StrEnum):
    """What the target does once it was asked for an update."""

    FLOOD = "flood"  # 64 KiB updates without end
    OFFER = "offer"  # the same, but no more than OFFERED_BYTES
    MESSAGES_16K = "messages-16k"  # one update of 16 KiB for each key event
    MESSAGES_1K = "messages-1k"  # the same with 1 KiB
    SILENT = "silent"  # reads and says nothing
    DEAF = "deaf"  # reads nothing


UPDATES: Mapping[Behaviour, bytes] = {
    Behaviour.FLOOD: rfb.update(180, 91),
    Behaviour.OFFER: rfb.update(180, 91),
    Behaviour.MESSAGES_16K: rfb.update(66, 62),
    Behaviour.MESSAGES_1K: rfb.update(18, 14),
}
"""The update that each sends: 65536, 65536, 16384 and 1024 bytes."""

_STEPS = (
    (len(rfb.VERSION), rfb.SECURITY_TYPES),
    (len(rfb.SECURITY_NONE), rfb.SECURITY_OK),
    (len(rfb.SHARED), rfb.SERVER_INIT),
    (len(rfb.UPDATE_REQUEST), b""),
)
"""How many bytes a viewer says in turn, and what it is answered."""


@dataclass(frozen=True, slots=True)
class Target:
    """The running target: its port for each behaviour, and how many bytes Behaviour.OFFER has sent."""

    ports: Mapping[Behaviour, int]
    counters: Counters


@contextmanager
def target() -> Iterator[Target]:
    """Runs the target on loopback. Raises BenchError."""
    ours, theirs = SPAWN.Pipe()
    with worker(serve, theirs) as running:
        if not ours.poll(START_SECONDS):
            raise BenchError("the target did not start")
        yield Target(ours.recv(), running.counters)


def serve(ports: Pipe, counters: Counters) -> None:
    """The target's process: tells its ports and serves until it is ended."""
    poll = select.epoll()
    listeners: dict[int, tuple[socket.socket, Behaviour]] = {}
    for behaviour in Behaviour:
        listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        poll.register(listener.fileno(), select.EPOLLIN)
        listeners[listener.fileno()] = listener, behaviour
    ports.send({behaviour: listener.getsockname()[1] for listener, behaviour in listeners.values()})
    connections: dict[int, _Connection] = {}
    while True:
        for fd, events in poll.poll():
            if fd in listeners:
                listener, behaviour = listeners[fd]
                accepted, _ = listener.accept()
                with contextlib.suppress(ConnectionError):  # gone already: a probe for the port
                    connections[accepted.fileno()] = _Connection(accepted, behaviour, poll, counters)
                continue
            connection = connections[fd]
            try:
                connection.ready(events)
            except (OSError, EOFError):
                del connections[fd]
                connection.socket.close()


class _Connection:
    __slots__ = (
        "_behaviour",
        "_counters",
        "_fd",
        "_held",
        "_poll",
        "_sent",
        "_step",
        "_to_send",
        "_unanswered",
        "socket",
    )

    def __init__(self, accepted: socket.socket, behaviour: Behaviour, poll: select.epoll, counters: Counters) -> None:
        self.socket = accepted
        self._fd = accepted.fileno()
        self._behaviour = behaviour
        self._poll = poll
        self._counters = counters
        self._step = 0
        self._held = b""
        self._unanswered = 0  # bytes of key events
        self._to_send = memoryview(b"")
        self._sent = 0
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepted.send(rfb.VERSION)
        poll.register(self._fd, select.EPOLLIN)

    def ready(self, events: int) -> None:
        """Does what can be done now. Raises OSError or EOFError when the connection is over."""
        if events & (select.EPOLLERR | select.EPOLLHUP):
            raise EOFError
        if events & select.EPOLLIN:
            if self._step < len(_STEPS):
                self._shake_hands()
            else:
                self._read()
        if events & select.EPOLLOUT:
            self._send()

    def _shake_hands(self) -> None:
        size, answer = _STEPS[self._step]
        self._held += self._received(size - len(self._held))
        if len(self._held) == size:
            self._held = b""
            self._step += 1
            self.socket.send(answer)
            if self._step == len(_STEPS):
                self._begin()

    def _begin(self) -> None:
        match self._behaviour:
            case Behaviour.FLOOD | Behaviour.OFFER:
                self._poll.modify(self._fd, select.EPOLLIN | select.EPOLLOUT)
            case Behaviour.MESSAGES_16K | Behaviour.MESSAGES_1K:
                self._send_update()
            case Behaviour.DEAF:
                self._poll.modify(self._fd, 0)
            case Behaviour.SILENT:
                pass

    def _read(self) -> None:
        data = self._received(_READ_BYTES)
        if self._behaviour in (Behaviour.MESSAGES_16K, Behaviour.MESSAGES_1K):
            self._unanswered += len(data)
            while self._unanswered >= len(rfb.KEY_EVENT):
                self._unanswered -= len(rfb.KEY_EVENT)
                self._send_update()

    def _received(self, size: int) -> bytes:
        data = self.socket.recv(size)
        if not data:
            raise EOFError
        return data

    def _send_update(self) -> None:
        update = UPDATES[self._behaviour]
        if self.socket.send(update) != len(update):
            raise EOFError  # one message in flight always fits; another would mean a viewer that answers too much

    def _send(self) -> None:
        """Floods until the socket is full, or for long enough that others get their turn."""
        for _ in range(_SENDS_AT_ONCE):
            if not self._to_send:
                if self._behaviour is Behaviour.OFFER and self._sent >= OFFERED_BYTES:
                    self._poll.modify(self._fd, select.EPOLLIN)
                    return
                self._to_send = memoryview(UPDATES[self._behaviour])
            try:
                sent = self.socket.send(self._to_send)
            except BlockingIOError:
                return
            self._to_send = self._to_send[sent:]
            if self._behaviour is Behaviour.OFFER:
                self._sent += sent
                self._counters[Count.BYTES] += sent
