"""The relay: one viewer's session on a console's line, until one named reason ends it.

Two half-pipes connect two transports: bytes from the target go to the viewer (`to_viewer`), bytes from the viewer go to
the target (`to_target`). A full write buffer on one side only pauses reading from the other, so a slow viewer delays
the screen and never its own keystrokes. No task and no object per message; the transports' write buffers limit what is
queued.
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
    """One viewer on a console (`ports.relay.Relay`). It carries bytes from `start` until it ends.

    `frames` reads the viewer's WebSocket; None if its bytes are not framed. `ended` is called once.
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
        """Begins to move bytes, starting with those left over from the handshakes (the viewer's already unframed)."""
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
        """Accurate to a second, set by `refill`: the byte path does not read the clock."""
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
        """A second has passed: refills the viewer's message allowance, and records when it gave input."""
        self._note_input()
        if self._frames is not None:
            self._frames.refill()
        self._filter.refill()

    def check_viewer(self) -> None:
        """Pings a WebSocket viewer; one that has sent nothing since the last checks is lost.

        A viewer that reads from a full buffer, however slowly, counts as alive: no ping can overtake the bytes that are
        queued.
        """
        if self._frames is None:
            return  # a raw viewer has no way to answer; TCP keep-alive checks it
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
        """Sets where accepted input goes from now on."""
        self.to_target.target = target

    def pause_input(self) -> None:
        """The target cannot take any more: stop reading the viewer."""
        if not self._viewer.is_closing():
            self._viewer.pause_reading()

    def resume_input(self) -> None:
        """The target takes more again."""
        if not self._viewer.is_closing() and not self._viewer.is_reading():
            self._viewer.resume_reading()

    def viewer_full(self) -> None:
        """The viewer cannot take any more: its screen need not be read."""
        self._console.viewer_full()

    def viewer_drained(self) -> None:
        """The viewer takes more again."""
        self._console.viewer_drained()

    def viewer_finished(self) -> bool:
        """The viewer has stopped sending. A native viewer may still read from the target (a half-closed connection).

        Returns whether its connection stays open, for `linger_seconds` at most.
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
        """The viewer's connection has ended, or the viewer is closing it."""
        self.end(Reason.VIEWER_LOST if lost else Reason.VIEWER_CLOSED)

    def viewer_broke(self, error: ProtocolError) -> None:
        """Ends the session because of what its viewer sent."""
        self._end(ending_of_viewer(error))

    def target_finished(self, *, lost: bool) -> None:
        """The target has stopped sending. This ends the session, unless the viewer finished first."""
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
