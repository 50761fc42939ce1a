"""The half-pipe from a target to one viewer.

It is the protocol of the target's transport while that has one viewer and no tap. The target's bytes are passed on
unchanged, in WebSocket frames if the viewer reads frames. No task and no object per message.
"""

import asyncio

from keyhole.protocols.websocket.frames_out import cut_frames, frame_header
from keyhole.relay.read_buffer import ReadBuffer
from keyhole.relay.target_readers import Line, TargetReader

WRITE_BUFFER_BYTES = 64 * 1024
"""How much may be queued before the other side is paused."""

JOIN_BYTES = 4096
"""A frame up to this size is copied behind its header: a gather write costs more."""

BULK_BYTES = 128 * 1024
"""A read of this size belongs to a flood: from then on the target is read in bulk."""


class TargetToViewer(TargetReader, asyncio.Protocol):
    """`framed` says that the viewer reads WebSocket frames. It carries bytes while `is_open`."""

    __slots__ = ("_framed", "_viewer", "is_open", "sent_bytes")

    def __init__(self, line: Line, viewer: asyncio.Transport, *, framed: bool) -> None:
        super().__init__(line)
        self._viewer = viewer
        self._framed = framed
        self.is_open = True
        self.sent_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Bytes from the target, whose memory the viewer's transport keeps if it cannot send all at once."""
        if not self.is_open:
            return
        size = len(data)
        self.sent_bytes += size
        if not self._framed:
            self._viewer.write(data)
        elif size <= JOIN_BYTES:
            self._viewer.write(frame_header(size) + data)
        else:
            self._viewer.writelines(cut_frames(data))
        if size >= BULK_BYTES:
            self._line.flood_began()

    def bulk_received(self, size: int, buffer: ReadBuffer) -> bool:
        """`size` bytes of the target's are in the buffer. Returns whether that is much."""
        if size <= WRITE_BUFFER_BYTES:
            # A copy, since many small pieces may be queued for the viewer, and each would keep a whole buffer.
            self.data_received(bytes(buffer.memory[:size]))
            return False
        if self.is_open:
            self.sent_bytes += size
            self._viewer.writelines(buffer.frames(size) if self._framed else (buffer.memory[:size],))
            if self._viewer.get_write_buffer_size():
                buffer.detach()
        return True
