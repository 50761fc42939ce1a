"""The relay: moves a session's bytes between its viewer and its target until one named reason ends it.

Two protocols on two transports, joined crosswise. Each side's full write buffer pauses reading from the other side
only, so a slow viewer holds up the screen and never its own keystrokes. No task and no object per message; whatever
waits is bounded by the transports' write buffers.

Server to viewer goes untouched. Viewer to server passes a filter: of RFB always, where it keeps message boundaries,
drops input of those who may only watch, and tells real input from noise; of a serial line for those who may only watch.
"""

import asyncio
from collections.abc import Callable

from keyhole.core.sessions.live import VIEWER_CHECKS
from keyhole.errors import ProtocolError
from keyhole.protocols.input_blocker import InputBlocker
from keyhole.protocols.rfb.messages.client_filter import ClientMessageFilter
from keyhole.protocols.websocket.frames_in import Close, Control, FrameReader, Ping, Pong
from keyhole.protocols.websocket.frames_out import cut_frames, frame_header, ping_frame, pong_frame
from keyhole.reasons import Reason
from keyhole.relay.closing import close_soon, close_with_reason
from keyhole.relay.endings import Ending, ending_of_viewer
from keyhole.relay.read_buffer import ReadBuffer
from keyhole.relay.sides import TargetInBulk, TargetSide, ViewerSide

WRITE_BUFFER_BYTES = 64 * 1024
"""How much may wait to be sent before the other side is paused."""

JOIN_BYTES = 4096
"""A frame of so little is copied behind its header: a gathered write costs more."""

BULK_BYTES = 128 * 1024
"""A read of so much is a flood's: from then on the target is read in bulk."""


class Relay:
    """One session's relay (`sessions.Relay`). It runs from its making until `end`; `ended` is then called once.

    `source` is what the target reads from where that is another transport (`Connection.source`).
    """

    __slots__ = (
        "_buffer",
        "_clock",
        "_ended",
        "_filter",
        "_frames",
        "_in_bulk",
        "_input_at",
        "_inputs",
        "_linger_seconds",
        "_owed_pong",
        "_source",
        "_taken_at_check",
        "_target",
        "_viewer",
        "_viewer_finished",
        "_viewer_paused",
        "checks_unanswered",
        "to_target_bytes",
        "to_viewer_bytes",
    )

    def __init__(
        self,
        viewer: asyncio.Transport,
        frames: FrameReader | None,
        target: asyncio.Transport,
        message_filter: ClientMessageFilter | InputBlocker | None,
        ended: Callable[[Ending], None],
        clock: Callable[[], float],
        linger_seconds: float,
        buffer: ReadBuffer,
        source: asyncio.Transport | None = None,
    ) -> None:
        self._viewer = viewer
        self._frames = frames
        self._target = target
        self._source = source or target
        self._filter = message_filter
        self._ended: Callable[[Ending], None] | None = ended
        self._clock = clock
        self._linger_seconds = linger_seconds
        self._buffer = buffer
        self._in_bulk = False
        self._viewer_paused = False
        self._viewer_finished = False
        self._taken_at_check = 0
        self._owed_pong: bytes | None = None
        self.checks_unanswered = 0
        self._input_at = clock()
        self._inputs = 0
        self.to_viewer_bytes = 0
        self.to_target_bytes = 0

    def start(self, viewer_payload: bytes, target_bytes: bytes) -> None:
        """Begins to move bytes, first those left over from the handshakes (the viewer's already unframed)."""
        self._viewer.set_protocol(ViewerSide(self))
        self._target.set_protocol(TargetSide(self))
        # A transport that is full already has told the protocol before; it will tell this one when it is not.
        if self._viewer.get_write_buffer_size() > WRITE_BUFFER_BYTES:
            self.pause_target()
        if self._target.get_write_buffer_size() > WRITE_BUFFER_BYTES:
            self.pause_viewer()
        else:
            self.resume_viewer()
        if target_bytes:
            self.from_target(target_bytes)
        if viewer_payload and self._ended is not None:
            self.from_viewer(viewer_payload)
        if self._viewer.is_closing():
            self.end(Reason.VIEWER_CLOSED)
        elif self._target.is_closing():
            self.end(Reason.TARGET_CLOSED)

    @property
    def last_input_at(self) -> float:
        """To the second, by whoever calls `refill`: the byte path reads no clock."""
        self._note_input()
        return self._input_at

    @property
    def traffic_bytes(self) -> tuple[int, int]:
        return self.to_viewer_bytes, self.to_target_bytes

    @property
    def buffered_bytes(self) -> int:
        return self._viewer.get_write_buffer_size() + self._target.get_write_buffer_size()

    def refill(self) -> None:
        """A second has passed: the viewer may send as many messages again, and its input gets its time."""
        self._note_input()
        if self._frames is not None:
            self._frames.refill()
        if self._filter is not None:
            self._filter.refill()

    def from_target(self, data: bytes | memoryview) -> None:
        """Bytes of the target's, for the viewer, whose transport keeps the memory if it cannot send all at once."""
        if self._ended is None:
            return
        size = len(data)
        self.to_viewer_bytes += size
        if self._frames is None:
            self._viewer.write(data)
        elif size <= JOIN_BYTES:
            self._viewer.write(frame_header(size) + data)
        else:
            self._viewer.writelines(cut_frames(data))
        if size >= BULK_BYTES and not self._in_bulk and self._source is self._target:
            self.read_target(in_bulk=True)

    def from_target_in_bulk(self, size: int) -> bool:
        """So many bytes of the target's stand in the buffer. Returns whether they were many."""
        buffer = self._buffer
        if size <= WRITE_BUFFER_BYTES:
            # A copy, since many small pieces may wait at the viewer, and each would keep a whole buffer.
            self.from_target(bytes(buffer.memory[:size]))
            return False
        if self._ended is not None:
            self.to_viewer_bytes += size
            self._viewer.writelines((buffer.memory[:size],) if self._frames is None else buffer.frames(size))
            if self._viewer.get_write_buffer_size():
                buffer.give_away()
        return True

    def read_target(self, *, in_bulk: bool) -> None:
        """Has the target's bytes read into the buffer, which suits floods, or handed over as they come."""
        self._in_bulk = in_bulk
        reads = self._target.is_reading()
        if reads:
            self._target.pause_reading()  # a transport looks at its protocol's kind when it begins to read
        self._target.set_protocol(TargetInBulk(self, self._buffer) if in_bulk else TargetSide(self))
        if reads:
            self._target.resume_reading()

    def from_viewer_frames(self, data: bytes) -> None:
        """Bytes of the viewer's, in whatever they travel."""
        self.checks_unanswered = 0
        if self._ended is None:
            return
        frames = self._frames
        if frames is None:
            self.from_viewer(data)
            return
        try:
            payload = frames.receive_data(data)
        except ProtocolError as error:
            self._break(error)
            return
        if payload:
            self.from_viewer(payload)
        if frames.control:
            self._answer(frames.take_control())

    def _answer(self, controls: list[Control]) -> None:
        for control in controls:
            match control:
                case Ping(ping):
                    self._answer_ping(ping)
                case Pong():
                    pass
                case Close():
                    self.end(Reason.VIEWER_CLOSED)

    def from_viewer(self, payload: bytes) -> None:
        """The viewer's payload, for the target."""
        if self._filter is not None:
            try:
                payload = self._filter.feed(payload)
            except ProtocolError as error:
                self._break(error)
                return
        if payload:
            self.to_target_bytes += len(payload)
            self._target.write(payload)

    def pause_target(self) -> None:
        """The viewer does not take any more: stop reading its screen."""
        self._viewer_paused = True
        if not self._target.is_closing():
            self._source.pause_reading()

    def resume_target(self) -> None:
        self._viewer_paused = False
        if self._owed_pong is not None:
            self._viewer.write(pong_frame(self._owed_pong))
            self._owed_pong = None
        if not self._target.is_closing():
            self._source.resume_reading()

    def pause_viewer(self) -> None:
        """The target does not take any more: stop reading the viewer."""
        if not self._viewer.is_closing():
            self._viewer.pause_reading()

    def resume_viewer(self) -> None:
        if not self._viewer.is_closing() and not self._viewer.is_reading():
            self._viewer.resume_reading()

    def check_viewer(self) -> None:
        """Asks a WebSocket viewer for a sign of life; one that gave none since the last checks is lost.

        Whoever takes a full buffer's bytes, however slowly, is there: no ping reaches it past what waits before.
        """
        if self._frames is None:
            return  # a raw viewer has no way to answer; TCP keep-alive watches over it
        taken = self.to_viewer_bytes - self._viewer.get_write_buffer_size()
        if self._viewer_paused and taken != self._taken_at_check:
            self.checks_unanswered = 0
        self._taken_at_check = taken
        self.checks_unanswered += 1
        if self.checks_unanswered == VIEWER_CHECKS:
            self.end(Reason.VIEWER_LOST)
            return
        if not self._viewer_paused:
            self._viewer.write(ping_frame(b""))

    def viewer_finished(self) -> bool:
        """The viewer sends no more. A native one may still read what the target has to say (a half-closed line).

        Returns whether its connection stays open, which is for `linger_seconds` at most.
        """
        if self._frames is None and self._viewer.can_write_eof() and self._target.can_write_eof():
            self._viewer_finished = True
            self._target.write_eof()
            asyncio.get_running_loop().call_later(self._linger_seconds, self.end, Reason.VIEWER_CLOSED)
            return True
        close_soon(self._viewer, self._linger_seconds)  # first, since there is nobody to say goodbye to
        self.end(Reason.VIEWER_CLOSED)
        return False

    def target_finished(self, *, lost: bool = False) -> None:
        """The target sends no more. It ended the session, unless it only followed a viewer that finished first."""
        if self._viewer_finished:
            self.end(Reason.VIEWER_CLOSED)
        else:
            self.end(Reason.TARGET_LOST if lost else Reason.TARGET_CLOSED)

    def end(self, reason: Reason, detail: str = "") -> None:
        """Ends both sides; what was written is still sent. The first call counts."""
        self._end(Ending(reason, detail))

    def _end(self, ending: Ending) -> None:
        ended, self._ended = self._ended, None
        if ended is None:
            return
        try:
            self._part(ending)
        except BaseException:
            self._viewer.abort()
            self._target.abort()
            raise
        finally:
            ended(ending)

    def _part(self, ending: Ending) -> None:
        if not self._source.is_closing():
            self._source.resume_reading()  # TLS waits for the other side's goodbye
        close_soon(self._target, self._linger_seconds)
        if ending.reason is Reason.VIEWER_LOST:
            self._viewer.abort()
        else:
            close_with_reason(self._viewer, self._frames, ending, self._linger_seconds)

    def _note_input(self) -> None:
        inputs = self.to_target_bytes if self._filter is None else self._filter.input_count
        if inputs != self._inputs:
            self._inputs = inputs
            self._input_at = self._clock()

    def _break(self, error: ProtocolError) -> None:
        """Ends the session for what its viewer sent."""
        self._end(ending_of_viewer(error))

    def _answer_ping(self, payload: bytes) -> None:
        """Only the latest ping, which RFC 6455 5.5.3 allows: a viewer that does not read cannot make pongs pile up."""
        if self._viewer_paused:
            self._owed_pong = payload
        elif self._ended is not None:
            self._viewer.write(pong_frame(payload))
