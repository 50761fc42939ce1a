"""The base of every handshake: a script that states what it waits for, and the buffer that feeds it.

A handshake is written top to bottom as a generator. It yields a wait (`Read`, `ReadUntil`, `Pause` or `StartTls`),
receives the requested bytes, and calls `send` and `emit` on its machine. The machine does no I/O: the caller passes in
received bytes and takes out messages to send, events and trailing bytes.

    machine.receive_data(data)            # raises ProtocolError, TooLarge or SecurityRefused
    for message in machine.data_to_send(): ...
    for event in machine.events(): ...
    if machine.wants_tls: start_tls(); machine.tls_started()
    if machine.done: relay(machine.trailing_data())

After a failure `data_to_send()` still returns the messages that tell the peer why, and the machine does nothing more.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import ClassVar, Generic, NamedTuple, TypeVar

from keyhole.errors import ProtocolError, TooLarge

EARLY_LIMIT_BYTES = 65536
"""How much a peer may send early, while the script waits for our side (`Pause`) or after the end."""


class Read(NamedTuple):
    """Wait for exactly `size` bytes; `what` names them for errors ("the server's version")."""

    size: int
    what: str


class ReadUntil(NamedTuple):
    """Wait for everything up to and including `mark`, which must end within `limit_bytes`."""

    mark: bytes
    limit_bytes: int
    what: str


class Pause(NamedTuple):
    """Wait until our side calls `resume`; bytes received meanwhile are kept. The answer is b""."""

    what: str


class StartTls(NamedTuple):
    """Wait until our side has started TLS on the connection and calls `tls_started`. The answer is b"".

    Bytes received before that are an error: unencrypted bytes must never count as sent under TLS.
    """

    what: str


Wait = Read | ReadUntil | Pause | StartTls
Script = Generator[Wait, bytes, None]
EventT = TypeVar("EventT")

_STOPPED = Pause("nothing more, because the handshake failed")


class Machine(ABC, Generic[EventT]):
    """Runs one script. A subclass sets its attributes before `super().__init__()`, which starts the script."""

    __slots__ = ("_buffer", "_done", "_events", "_outgoing", "_script", "_searched", "_wait")

    peer: ClassVar[str] = "peer"
    """The name of the other side in error messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # how far the buffer has been searched for a mark
        self._done = False
        self._events: list[EventT] = []
        self._outgoing: list[bytes] = []
        self._script = self.script()
        self._wait: Wait = next(self._script)

    @abstractmethod
    def script(self) -> Script:
        """The handshake, top to bottom. It waits at least once."""

    def send(self, message: bytes) -> None:
        """For scripts: queue one complete protocol message."""
        self._outgoing.append(message)

    def emit(self, event: EventT) -> None:
        """For scripts: report an event to our side."""
        self._events.append(event)

    def resume(self) -> None:
        """For subclasses: end a `Pause`."""
        if not isinstance(self._wait, Pause) or self._wait is _STOPPED or self._done:
            raise RuntimeError(f"The handshake does not pause here; it waits for {self.waiting_for}.")
        self._step(b"")
        self._advance()

    @property
    def needs_action(self) -> bool:
        """Whether our side must act: there are unread events, TLS must be started, or the handshake is done."""
        return self._done or bool(self._events) or type(self._wait) is StartTls

    @property
    def wants_tls(self) -> bool:
        """Whether the script waits for TLS (`StartTls`), which starts after all queued messages have been sent."""
        return isinstance(self._wait, StartTls) and not self._done

    def tls_started(self) -> None:
        """Our side has started TLS; all later bytes are sent and received under it."""
        if not self.wants_tls:
            raise RuntimeError(f"The handshake does not wait for TLS here; it waits for {self.waiting_for}.")
        self._step(b"")
        self._advance()

    @property
    def done(self) -> bool:
        """Whether the handshake has succeeded, or has ended at our side's request."""
        return self._done

    @property
    def waiting_for(self) -> str:
        """A description of what is missing, for errors and timeouts."""
        return "nothing" if self._done else self._wait.what

    def receive_data(self, data: bytes) -> None:
        """Advances the script as far as the received bytes allow.

        Raises what the script raises, and TooLarge if the peer sends too much too early.
        """
        wait = self._wait
        if type(wait) is Read and len(data) == wait.size and not self._buffer and not self._done:
            self._step(data)  # exactly the awaited bytes, the usual case
            self._advance()
            return
        if self._done and len(self._buffer) > EARLY_LIMIT_BYTES:
            raise TooLarge(f"The {self.peer} sends more than {EARLY_LIMIT_BYTES} bytes that are not read.")
        self._buffer += data
        self._advance()

    def receive_eof(self) -> None:
        """The peer has closed the connection. Raises ProtocolError naming what is missing, unless done."""
        if not self._done:
            raise ProtocolError(f"The {self.peer} closed the connection; still missing: {self.waiting_for}.")

    def events(self) -> list[EventT]:
        """The events since the last call, in order."""
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> list[bytes]:
        """The messages to send since the last call; each element is one complete protocol message."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def trailing_data(self) -> bytes:
        """The bytes received after the handshake's end; returned once, empty before the end."""
        if not self._done:
            return b""
        trailing = bytes(self._buffer)
        self._buffer.clear()
        return trailing

    def _advance(self) -> None:
        while not self._done and (taken := self._take()) is not None:
            self._step(taken)

    def _step(self, taken: bytes) -> None:
        self._wait = _STOPPED  # stays if the script raises
        try:
            self._wait = self._script.send(taken)
        except StopIteration:
            self._done = True

    def _take(self) -> bytes | None:
        """The bytes that end the current wait, removed from the buffer; None while there are too few."""
        wait = self._wait
        if type(wait) is Read:
            return self._cut(wait.size) if len(self._buffer) >= wait.size else None
        if type(wait) is ReadUntil:
            return self._take_until(wait)
        if type(wait) is StartTls and self._buffer:
            self._wait = _STOPPED
            raise ProtocolError(f"The {self.peer} sends unencrypted data after agreeing on TLS.")
        if len(self._buffer) > EARLY_LIMIT_BYTES:
            raise TooLarge(f"The {self.peer} sends more than {EARLY_LIMIT_BYTES} bytes before its turn.")
        return None

    def _take_until(self, wait: ReadUntil) -> bytes | None:
        mark, limit_bytes, what = wait
        at = self._buffer.find(mark, self._searched, limit_bytes)
        if at >= 0:
            return self._cut(at + len(mark))
        self._searched = max(0, len(self._buffer) - len(mark) + 1)
        if len(self._buffer) >= limit_bytes:
            raise TooLarge(f"The {self.peer} sends more than {limit_bytes} bytes for {what}.")
        return None

    def _cut(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._searched = 0
        return taken
