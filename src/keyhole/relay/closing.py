"""Closes connections in such a way that the peer can still read our last bytes."""

import asyncio

from keyhole.errors import ProtocolError
from keyhole.protocols.websocket.frames_in import Close, FrameReader
from keyhole.protocols.websocket.frames_out import close_frame
from keyhole.reasons import Reason
from keyhole.relay.endings import Ending


def close_with_reason(transport: asyncio.Transport, frames: FrameReader | None, ending: Ending, seconds: float) -> None:
    """Ends a viewer's connection: a WebSocket's (`frames`) with a close frame that names the reason."""
    if transport.is_closing():
        return
    if frames is not None:
        transport.write(close_frame(ending.code, ending.text))
    if frames is None or ending.reason is Reason.VIEWER_CLOSED:
        close_soon(transport, seconds)
    else:
        CloseHandshake(transport, frames, seconds)


class CloseHandshake(asyncio.Protocol):
    """Waits a limited time until a WebSocket peer has read our close frame and answers it (RFC 6455 7.1.1).

    Closing at once would reset the connection if the peer is still sending, and the reason would be lost. For the same
    reason, after invalid frames we keep reading and discard what arrives, until the timeout.
    """

    def __init__(self, transport: asyncio.Transport, frames: FrameReader, seconds: float) -> None:
        self._transport = transport
        self._frames: FrameReader | None = frames
        self._timer = asyncio.get_running_loop().call_later(seconds, transport.abort)
        transport.set_protocol(self)
        if not transport.is_reading():
            transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self._frames is None:
            return
        try:
            self._frames.receive_data(data)
        except ProtocolError:
            self._frames = None
            return
        if any(isinstance(control, Close) for control in self._frames.take_control()):
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()


def close_soon(transport: asyncio.Transport, seconds: float) -> None:
    """Closes once everything written has been sent, and aborts the connection when that takes too long."""
    transport.close()
    if transport.get_write_buffer_size():
        asyncio.get_running_loop().call_later(seconds, transport.abort)
