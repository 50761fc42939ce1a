"""The relay: one viewer's session on a console's line, until one named reason ends it.

Two half-pipes on two transports, joined crosswise: what comes of the target goes to the viewer (`to_viewer`), what
comes of the viewer goes to the target (`to_target`). Each side's full write buffer pauses reading from the other side
only, so a slow viewer holds up the screen and never its own keystrokes. No task and no object per message; whatever
waits is bounded by the transports' write buffers.
"""

import asyncio
from collections.abc import Callable

from keyhole.errors import ProtocolError
from keyhole.ports.relay import VIEWER_CHECKS, Tap
from keyhole.protocols.websocket.frames_in import FrameReader
from keyhole.reasons import Reason
from keyhole.relay.closing import close_soon, close_with_reason
from keyhole.relay.console import Console
from keyhole.relay.endings import Ending, ending_of_viewer
from keyhole.relay.to_target import InputFilter, ViewerToTarget, Writer
from keyhole.relay.to_viewer import WRITE_BUFFER_BYTES, TargetToViewer


class Relay:
    """One viewer on a console (`ports.relay.Relay`). It carries bytes from `start` on until it ends.

    `frames` reads the viewer's WebSocket, None where its bytes come as they are. `ended` is called once.
    """

    __slots__ = (
        "_console",
        "_ended",
        "_filter",
        "_frames",
        "_input_at",
        "_inputs",
        "_taken_at_check",
        "_viewer",
        "_viewer_finished",
        "missed_bytes",
        "to_target",
        "to_viewer",
    )

    def __init__(
        self,
        console: Console,
        viewer: asyncio.Transport,
        frames: FrameReader | None,
        input_filter: InputFilter,
        ended: Callable[[Ending], None],
    ) -> None:
        self._console = console
        self._viewer = viewer
        self._frames = frames
        self._filter = input_filter
        self._ended: Callable[[Ending], None] | None = ended
        self._viewer_finished = False
        self._taken_at_check = 0
        self._input_at = console.clock()
        self._inputs = 0
        self.missed_bytes = 0
        self.to_viewer = TargetToViewer(console, viewer, framed=frames is not None)
        self.to_target = ViewerToTarget(self, viewer, frames, input_filter, console.target)

    def start(self, viewer_payload: bytes, target_bytes: bytes) -> None:
        """Begins to move bytes, first those left over from the handshakes (the viewer's already unframed)."""
        self._viewer.set_protocol(self.to_target)
        self.to_target.is_full = self._viewer.get_write_buffer_size() > WRITE_BUFFER_BYTES
        self._console.join(self)
        if target_bytes:
            self.to_viewer.data_received(target_bytes)
        if viewer_payload and self._ended is not None:
            self.to_target.forward(viewer_payload)
        if self._viewer.is_closing():
            self.end(Reason.VIEWER_CLOSED)
        elif self._console.target.is_closing():
            self.end(Reason.TARGET_CLOSED)

    @property
    def last_input_at(self) -> float:
        """To the second, by whoever calls `refill`: the byte path reads no clock."""
        self._note_input()
        return self._input_at

    @property
    def traffic_bytes(self) -> tuple[int, int]:
        return self.to_viewer.sent_bytes, self.to_target.sent_bytes

    @property
    def buffered_bytes(self) -> int:
        return self._viewer.get_write_buffer_size() + self._console.target.get_write_buffer_size()

    @property
    def is_full(self) -> bool:
        """Whether the viewer does not take any more."""
        return self.to_target.is_full

    def refill(self) -> None:
        """A second has passed: the viewer may send as many messages again, and its input gets its time."""
        self._note_input()
        if self._frames is not None:
            self._frames.refill()
        self._filter.refill()

    def check_viewer(self) -> None:
        """Asks a WebSocket viewer for a sign of life; one that gave none since the last checks is lost.

        Whoever takes a full buffer's bytes, however slowly, is there: no ping reaches it past what waits before.
        """
        if self._frames is None:
            return  # a raw viewer has no way to answer; TCP keep-alive watches over it
        taken = self.to_viewer.sent_bytes - self._viewer.get_write_buffer_size()
        if self.is_full and taken != self._taken_at_check:
            self.to_target.checks_unanswered = 0
        self._taken_at_check = taken
        if self.to_target.checks_unanswered == VIEWER_CHECKS - 1:
            self.end(Reason.VIEWER_LOST)
        else:
            self.to_target.ping()

    def set_view_only(self, view_only: bool) -> None:
        if self._ended is not None:
            self.to_target.set_view_only(view_only)

    def add_tap(self, tap: Tap) -> None:
        if self._ended is None:
            tap.line_closed()
        else:
            self._console.add_tap(tap)

    def remove_tap(self, tap: Tap) -> None:
        self._console.remove_tap(tap)

    def write_input_to(self, target: Writer) -> None:
        """Accepted input goes there from now on."""
        self.to_target.target = target

    def pause_input(self) -> None:
        """The target does not take any more: stop reading the viewer."""
        if not self._viewer.is_closing():
            self._viewer.pause_reading()

    def resume_input(self) -> None:
        """The target takes more again."""
        if not self._viewer.is_closing() and not self._viewer.is_reading():
            self._viewer.resume_reading()

    def viewer_full(self) -> None:
        """The viewer does not take any more: its screen need not be read."""
        self._console.viewer_full()

    def viewer_drained(self) -> None:
        """The viewer takes more again."""
        self._console.viewer_drained()

    def viewer_finished(self) -> bool:
        """The viewer sends no more. A native one may still read what the target has to say (a half-closed line).

        Returns whether its connection stays open, which is for `linger_seconds` at most.
        """
        if self._frames is None and self._viewer.can_write_eof() and self._console.can_half_close():
            self._viewer_finished = True
            self._console.target.write_eof()
            asyncio.get_running_loop().call_later(self._console.linger_seconds, self.end, Reason.VIEWER_CLOSED)
            return True
        close_soon(self._viewer, self._console.linger_seconds)  # first, since there is nobody to send a close frame to
        self.end(Reason.VIEWER_CLOSED)
        return False

    def viewer_left(self, *, lost: bool = False) -> None:
        """The viewer's connection is over, or it said that it is."""
        self.end(Reason.VIEWER_LOST if lost else Reason.VIEWER_CLOSED)

    def viewer_broke(self, error: ProtocolError) -> None:
        """Ends the session for what its viewer sent."""
        self._end(ending_of_viewer(error))

    def target_finished(self, *, lost: bool) -> None:
        """The target sends no more. It ended the session, unless it only followed a viewer that finished first."""
        if self._viewer_finished:
            self.end(Reason.VIEWER_CLOSED)
        else:
            self.end(Reason.TARGET_LOST if lost else Reason.TARGET_CLOSED)

    def end(self, reason: Reason, detail: str = "") -> None:
        """Ends the session; what was written is still sent. The first call counts."""
        self._end(Ending(reason, detail))

    def _end(self, ending: Ending) -> None:
        ended, self._ended = self._ended, None
        if ended is None:
            return
        self.to_viewer.is_open = self.to_target.is_open = False
        try:
            self._console.leave(self)
            if ending.reason is Reason.VIEWER_LOST:
                self._viewer.abort()
            else:
                close_with_reason(self._viewer, self._frames, ending, self._console.linger_seconds)
        except BaseException:
            self._viewer.abort()
            self._console.abort()
            raise
        finally:
            ended(ending)

    def _note_input(self) -> None:
        inputs = self._filter.input_count
        if inputs != self._inputs:
            self._inputs = inputs
            self._input_at = self._console.clock()
