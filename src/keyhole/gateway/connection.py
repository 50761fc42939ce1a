"""A connection during its set-up, and the two transports of a viewer's bytes: raw and WebSocket.

`Connection` runs a handshake's machine where the peer's bytes arrive, so the waiting task only wakes when the machine
is done, not for each message. Between machines, received bytes are held until `take`; reading from the socket pauses
when too many are held. After set-up the transport is passed to the relay.
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
"""How many received bytes may be held during set-up before reading pauses."""


class Connection(asyncio.Protocol):
    """One peer during set-up. `closed_reason` is the reason if the peer disconnects."""

    def __init__(self, closed_reason: Reason) -> None:
        self._closed_reason = closed_reason
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._lost = False
        self._unread = False
        """Whether the write buffer is full because the peer does not read."""
        self.received_bytes = 0
        """How much was received from the peer so far."""
        self._machine: Machine[Any] | None = None
        """The machine that receives the peer's bytes; None while none is waiting for them."""
        self._waiter: asyncio.Future[None] | None = None
        """Done when the machine waits for our side, or cannot continue."""
        self._failure: KeyholeError | None = None
        self.transport: asyncio.Transport
        self.source: asyncio.Transport
        """The transport to pause: the connection's own, or the one beneath its TLS if TLS was started here. If the peer
        disconnects without close_notify, uvloop's TLS loses the bytes that it holds for a paused protocol."""

    @property
    def has_received(self) -> bool:
        """Whether the peer has sent anything yet."""
        return self.received_bytes > 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.adopt(transport)

    def adopt(
        self, transport: asyncio.Transport, received: bytes = b"", source: asyncio.Transport | None = None
    ) -> None:
        """Takes over a transport, with the bytes already read from it, and the transport beneath it if there is one."""
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
            self._feed(machine, data)
        except KeyholeError as error:
            self._failure = error
            self._wake()
        else:
            if machine.needs_action:
                self._machine = None  # the bytes that follow are for the next reader
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
        """Passes bytes between the machine and the peer until the machine waits for our side.

        Raises what the machine raises, and SessionEnded if the peer disconnects.
        """
        self._send_pending(machine)
        if self._held and not machine.needs_action:
            self._feed(machine, self.take())
        self._machine = machine
        try:
            while not machine.needs_action:
                if self._lost or self.transport.is_closing():
                    self._raise_disconnect(machine)
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter
                if self._failure is not None:
                    raise self._failure
        finally:
            self._machine = self._waiter = None

    def unframe(self, data: bytes) -> bytes:
        """The payload in received bytes. Raises ProtocolError, SessionEnded."""
        return data

    def take(self) -> bytes:
        """All held bytes, as they arrived; possibly none."""
        data = b"".join(self._held)
        self._held.clear()
        self._held_bytes = 0
        self._regulate()
        return data

    def put_back(self, data: bytes) -> None:
        """Puts back taken bytes for the next reader."""
        if data:
            self._held.insert(0, data)
            self._held_bytes += len(data)

    def send(self, message: bytes) -> None:
        """Sends one protocol message."""
        if not self.transport.is_closing():
            self.transport.write(message)

    def _feed(self, machine: Machine[Any], data: bytes) -> None:
        payload = self.unframe(data)
        if payload:
            try:
                machine.receive_data(payload)
            finally:
                self._send_pending(machine)  # even after an error: for example a failed SecurityResult

    def _send_pending(self, machine: Machine[Any]) -> None:
        for message in machine.data_to_send():
            self.send(message)

    def _raise_disconnect(self, machine: Machine[Any]) -> None:
        """Raises the meaning of the peer's disconnect: a truncated refusal is a refusal, all else `closed_reason`."""
        with suppress(ProtocolError):
            machine.receive_eof()
        raise SessionEnded(self._closed_reason, "")

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._held_bytes += len(data)

    def _regulate(self) -> None:
        """Pauses reading while too many bytes are held, or while the peer does not read (it might request more)."""
        if self.transport.is_closing():
            return
        if self._unread or self._held_bytes > HELD_BYTES:
            self.source.pause_reading()
        elif not self.source.is_reading():
            self.source.resume_reading()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class RawViewer(Connection):
    """A native viewer that connected by CONNECT or GET: plain bytes after an HTTP answer."""

    frames = None

    def __init__(self) -> None:
        super().__init__(Reason.VIEWER_CLOSED)
        self._accepted = False

    def upgrade(self, set_cookie: str | None = None) -> None:
        """Sends nothing: this viewer's only answer is sent when its target is connected."""

    def accept(self) -> None:
        """Tells the viewer that its target is connected."""
        self._accepted = True
        self.send(TUNNEL_OPEN)

    def refuse(self, ending: Ending, linger_seconds: float) -> None:
        """Sends the reason, if no answer was sent yet, and closes."""
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
        """Answers 101. From now on a close frame tells the viewer of an ending."""
        self.send_raw(upgrade_response(self._key, self._subprotocol, set_cookie))

    def accept(self) -> None:
        """Sends nothing: the upgrade was answered before the target was dialled, so that a close frame can say why."""

    def refuse(self, ending: Ending, linger_seconds: float) -> None:
        """Sends the reason and closes."""
        close_with_reason(self.transport, self.frames, ending, linger_seconds)

    def send(self, message: bytes) -> None:
        self.send_raw(frame_header(len(message)) + message)

    def send_raw(self, frame: bytes) -> None:
        super().send(frame)

    def unframe(self, data: bytes) -> bytes:
        """The payload in received bytes; answers pings. Raises SessionEnded for a close frame, ProtocolError."""
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
    """Enables the kernel's keepalive for a transport's connection (`enable_keepalive`)."""
    line = transport.get_extra_info("socket")
    if line is None:
        return
    sock = socket.socket(line.family, socket.SOCK_STREAM, fileno=line.fileno())  # uvloop's creates one for each call
    try:
        enable_keepalive(sock, keepalive_timeout_seconds)
    finally:
        sock.detach()


def enable_keepalive(sock: socket.socket, keepalive_timeout_seconds: float) -> None:
    """Makes the kernel end a TCP connection (TimeoutError) if its peer acknowledges nothing for this long.

    Options set on a listening socket apply to all connections that it accepts. TCP_USER_TIMEOUT limits unacknowledged
    data and, in place of a count, keep-alive probes (tcp(7)).
    """
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    probe_seconds = max(1, int(keepalive_timeout_seconds / 3))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, probe_seconds)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, probe_seconds)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(keepalive_timeout_seconds * 1000))
