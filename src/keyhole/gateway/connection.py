"""A connection during its set-up; and the two ways in which a viewer's bytes travel.

`Connection` has a handshake's machine run with the peer, where the bytes arrive: who set it up is woken when
something has happened, not for each message. What arrives at other times is gathered until somebody asks for it, and
no more is read from the socket when too much has gathered. When set-up is over the transport is handed to the relay.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Any

from keyhole.errors import KeyholeError, ProtocolError, SessionEnded
from keyhole.protocols.http.connect import TUNNEL_OPEN, refusal
from keyhole.protocols.machine import Machine
from keyhole.protocols.websocket.frames_in import Close, FrameReader, Ping, Pong
from keyhole.protocols.websocket.frames_out import frame_header, pong_frame
from keyhole.protocols.websocket.upgrade import upgrade_response
from keyhole.reasons import Reason
from keyhole.relay.closing import close_soon, close_with_reason
from keyhole.relay.endings import Ending
from keyhole.relay.to_viewer import WRITE_BUFFER_BYTES
from keyhole.statuses import STATUSES

HELD_BYTES = 64 * 1024
"""How much may wait unread during set-up before the peer is told to wait."""


class Connection(asyncio.Protocol):
    """One peer during set-up. `closed_reason` names its going away."""

    def __init__(self, closed_reason: Reason) -> None:
        self._closed_reason = closed_reason
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._lost = False
        self._unread = False
        """Whether the peer leaves what we send unread."""
        self.received_bytes = 0
        """How much the peer has said so far."""
        self._machine: Machine[Any] | None = None
        """What the peer converses with; None while it is our side's turn."""
        self._rest: asyncio.Future[None] | None = None
        """Done when the machine rests, or when it cannot go on."""
        self._failure: KeyholeError | None = None
        self.transport: asyncio.Transport
        self.source: asyncio.Transport
        """What is paused so that nothing more arrives: the transport, or what is beneath its TLS where that is ours to
        start. uvloop's TLS forgets what it holds for a paused protocol when the peer hangs up without a goodbye."""

    @property
    def has_received(self) -> bool:
        """Whether the peer has said anything yet."""
        return self.received_bytes > 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.adopt(transport)

    def adopt(
        self, transport: asyncio.Transport, received: bytes = b"", source: asyncio.Transport | None = None
    ) -> None:
        """Takes a transport over, with what was already read from it, and what it reads from."""
        self.transport = transport
        self.source = source or transport
        transport.set_write_buffer_limits(WRITE_BUFFER_BYTES)
        if received:
            self._hold(received)

    def data_received(self, data: bytes) -> None:
        self.received_bytes += len(data)
        machine = self._machine
        if machine is None:
            self._hold(data)
            self._regulate()
            return
        try:
            self._hear(machine, data)
        except KeyholeError as error:
            self._failure = error
            self._wake()
        else:
            if machine.is_waiting_for_us:
                self._machine = None  # what follows is for whoever reads next
                self._wake()

    def pause_writing(self) -> None:
        self._unread = True
        self._regulate()

    def resume_writing(self) -> None:
        self._unread = False
        self._regulate()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._wake()

    async def run(self, machine: Machine[Any]) -> None:
        """Hands the machine what arrives, and the peer what the machine says, until the machine rests.

        Raises what the machine raises, and SessionEnded when the peer goes away.
        """
        self._say(machine)
        if self._held and not machine.is_waiting_for_us:
            self._hear(machine, self.take())
        self._machine = machine
        try:
            while not machine.is_waiting_for_us:
                if self._lost or self.transport.is_closing():
                    self._break_off(machine)
                self._rest = asyncio.get_running_loop().create_future()
                await self._rest
                if self._failure is not None:
                    raise self._failure
        finally:
            self._machine = self._rest = None

    def unframe(self, data: bytes) -> bytes:
        """The payload in received bytes. Raises ProtocolError, SessionEnded."""
        return data

    def take(self) -> bytes:
        """Everything held, perhaps nothing, as it arrived."""
        data = b"".join(self._held)
        self._held.clear()
        self._held_bytes = 0
        self._regulate()
        return data

    def give_back(self, data: bytes) -> None:
        """Puts back what was taken and belongs to whoever reads next."""
        if data:
            self._held.insert(0, data)
            self._held_bytes += len(data)

    def send(self, message: bytes) -> None:
        """Sends one protocol message."""
        if not self.transport.is_closing():
            self.transport.write(message)

    def _hear(self, machine: Machine[Any], data: bytes) -> None:
        payload = self.unframe(data)
        if payload:
            try:
                machine.receive_data(payload)
            finally:
                self._say(machine)  # its last words, too, such as a failed SecurityResult

    def _say(self, machine: Machine[Any]) -> None:
        for message in machine.data_to_send():
            self.send(message)

    def _break_off(self, machine: Machine[Any]) -> None:
        """Raises what the peer's going away means: a refusal cut short is a refusal, anything else has its name."""
        with suppress(ProtocolError):
            machine.receive_eof()
        raise SessionEnded(self._closed_reason, "")

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._held_bytes += len(data)

    def _regulate(self) -> None:
        """Reads from the peer unless too much of its is held, or it does not read itself (it might ask for more)."""
        if self.transport.is_closing():
            return
        if self._unread or self._held_bytes > HELD_BYTES:
            self.source.pause_reading()
        elif not self.source.is_reading():
            self.source.resume_reading()

    def _wake(self) -> None:
        if self._rest is not None and not self._rest.done():
            self._rest.set_result(None)


class RawViewer(Connection):
    """A native viewer that asked by CONNECT or GET: plain bytes after an HTTP answer."""

    frames = None

    def __init__(self) -> None:
        super().__init__(Reason.VIEWER_CLOSED)
        self._accepted = False

    def upgrade(self, set_cookie: str | None = None) -> None:
        """Nothing to tell yet: this viewer's only answer waits until its target is reached."""

    def accept(self) -> None:
        """Tells the viewer that its target is reached."""
        self._accepted = True
        self.send(TUNNEL_OPEN)

    def refuse(self, ending: Ending, linger_seconds: float) -> None:
        """Says, where there is still a way to, why there is no console, and closes."""
        if not self._accepted:
            self.send(refusal(STATUSES[ending.reason].gateway or 502, ending.text))
        close_soon(self.transport, linger_seconds)


class WebSocketViewer(Connection):
    """A viewer on a WebSocket: every message sent is one binary frame."""

    def __init__(self, key: str, subprotocol: str | None, frames: FrameReader) -> None:
        super().__init__(Reason.VIEWER_CLOSED)
        self._key = key
        self._subprotocol = subprotocol
        self.frames = frames

    def upgrade(self, set_cookie: str | None = None) -> None:
        """Answers 101. From here on endings are told by a close frame."""
        self.send_raw(upgrade_response(self._key, self._subprotocol, set_cookie))

    def accept(self) -> None:
        """Nothing to tell: the upgrade was answered before the target was reached, so that its end has a reason."""

    def refuse(self, ending: Ending, linger_seconds: float) -> None:
        """Says why there is no console, and closes."""
        close_with_reason(self.transport, self.frames, ending, linger_seconds)

    def send(self, message: bytes) -> None:
        self.send_raw(frame_header(len(message)) + message)

    def send_raw(self, frame: bytes) -> None:
        super().send(frame)

    def unframe(self, data: bytes) -> bytes:
        """The payload in received bytes; pings are answered. Raises SessionEnded on a close frame, ProtocolError."""
        payload = self.frames.receive_data(data)
        for control in self.frames.take_control():
            match control:
                case Ping(ping):
                    self.send_raw(pong_frame(ping))
                case Pong():
                    pass
                case Close():
                    raise SessionEnded(Reason.VIEWER_CLOSED, "")
        return payload


Viewer = RawViewer | WebSocketViewer


def enable_connection_keepalive(transport: asyncio.Transport, keepalive_timeout_seconds: float) -> None:
    """Has the kernel watch over a transport's connection (`enable_keepalive`)."""
    line = transport.get_extra_info("socket")
    if line is None:
        return
    sock = socket.socket(line.family, socket.SOCK_STREAM, fileno=line.fileno())  # the transport's makes one each time
    try:
        enable_keepalive(sock, keepalive_timeout_seconds)
    finally:
        sock.detach()


def enable_keepalive(sock: socket.socket, keepalive_timeout_seconds: float) -> None:
    """Has the kernel end a TCP connection (TimeoutError) whose peer answers nothing, or takes nothing, for so long.

    What is set on a listening socket holds for all that it accepts. TCP_USER_TIMEOUT bounds unacknowledged data and,
    in place of a count, keep-alive probes (tcp(7)).
    """
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    probe_seconds = max(1, int(keepalive_timeout_seconds / 3))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, probe_seconds)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, probe_seconds)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(keepalive_timeout_seconds * 1000))
