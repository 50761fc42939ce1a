"""A console's line to its target, the viewers on it, and its taps.

With one viewer and no tap the line is read straight into that viewer's half-pipe; otherwise its bytes are passed to all
of them. The target is read as long as at least one viewer can take more: a slower viewer misses bytes, and knows how
many, so it never delays the others. A single viewer that is slow delays the target and misses nothing.

Several viewers can share a line whose output can be read from any point on, such as a serial line. This is impossible
with RFB: what a server sends depends on the pixel format and the encodings that one viewer requested.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol as Interface

from keyhole.ports.relay import Tap
from keyhole.relay.closing import close_soon
from keyhole.relay.read_buffer import ReadBuffer
from keyhole.relay.target_readers import BulkReader, SharedReader
from keyhole.relay.to_target import Writer
from keyhole.relay.to_viewer import WRITE_BUFFER_BYTES, TargetToViewer


class Viewer(Interface):
    """One of the viewers on a line: a `Relay`."""

    to_viewer: TargetToViewer
    missed_bytes: int
    """How much of the target's output was skipped while the viewer was full."""

    @property
    def is_full(self) -> bool:
        """Whether the viewer cannot take any more."""

    def write_input_to(self, target: Writer) -> None:
        """Sets where the viewer's input goes from now on."""

    def pause_input(self) -> None:
        """The target cannot take any more: stop reading the viewer."""

    def resume_input(self) -> None:
        """The target takes more again."""

    def target_finished(self, *, lost: bool) -> None:
        """The target has stopped sending."""


class Console:
    """One line to a target, used up when its last viewer has left.

    `source` is the transport that the target is read from, if it is a different one (`Connection.source`). `clock` is
    the event loop's, in seconds. A closing connection has `linger_seconds` to send what was written. `closed` is called
    once, when the line is closed.
    """

    __slots__ = ("_buffer", "_closed", "_in_bulk", "_source", "_taps", "_viewers", "clock", "linger_seconds", "target")

    def __init__(
        self,
        target: asyncio.Transport,
        buffer: ReadBuffer,
        clock: Callable[[], float],
        linger_seconds: float,
        source: asyncio.Transport | None = None,
        closed: Callable[[], None] | None = None,
    ) -> None:
        self.target = target
        self._source = source or target
        self._buffer = buffer
        self._closed = closed
        self.clock = clock
        self.linger_seconds = linger_seconds
        self._in_bulk = False
        self._viewers: tuple[Viewer, ...] = ()
        self._taps: tuple[Tap, ...] = ()

    def join(self, viewer: Viewer) -> None:
        """Adds a viewer, which gets what the target sends from now on."""
        self._viewers += (viewer,)
        self._connect()
        # A full transport has notified the previous protocol; it will notify this one when it has room again.
        if self.target.get_write_buffer_size() > WRITE_BUFFER_BYTES:
            viewer.pause_input()
        else:
            viewer.resume_input()
        self._regulate()

    def leave(self, viewer: Viewer) -> None:
        """Removes a viewer. The line is closed after the last one; what was written is still sent."""
        self._viewers = tuple(other for other in self._viewers if other is not viewer)
        if self._viewers:
            self._connect()
            self._regulate()
            return
        try:
            if not self._source.is_closing():
                self._source.resume_reading()  # TLS waits for the other side's close_notify
            close_soon(self.target, self.linger_seconds)
            taps, self._taps = self._taps, ()
            for tap in taps:
                tap.line_closed()
        finally:
            closed, self._closed = self._closed, None
            if closed is not None:
                closed()

    def add_tap(self, tap: Tap) -> None:
        """Adds a tap, which sees what the line carries from now on."""
        self._taps += (tap,)
        self._connect()

    def remove_tap(self, tap: Tap) -> None:
        """Removes a tap. One that was never added is ignored."""
        self._taps = tuple(other for other in self._taps if other is not tap)
        if self._viewers:
            self._connect()

    def can_half_close(self) -> bool:
        """Whether to forward a viewer's end of input to the target: only if it is the only viewer."""
        return len(self._viewers) == 1 and self.target.can_write_eof()

    def viewer_full(self) -> None:
        """A viewer cannot take any more: the target is not read while this is true of all."""
        if len(self._viewers) == 1:
            self._pause()
        else:
            self._regulate()

    def viewer_drained(self) -> None:
        """A viewer can take more again."""
        if not self._source.is_closing():
            self._source.resume_reading()

    def abort(self) -> None:
        """Aborts the line, unless it still has viewers."""
        if not self._viewers:
            self.target.abort()

    def distribute(self, data: bytes) -> None:
        """Bytes of the target's, for all viewers and taps."""
        if self._taps:
            now = self.clock()
            for tap in self._taps:
                tap.target_sent(data, now)
        for viewer in self._viewers:
            if viewer.is_full and len(self._viewers) > 1:
                viewer.missed_bytes += len(data)
            else:
                viewer.to_viewer.data_received(data)

    def write(self, data: bytes) -> None:
        """A viewer's accepted input, where there are taps to see it."""
        now = self.clock()
        for tap in self._taps:
            tap.viewer_sent(data, now)
        self.target.write(data)

    def flood_began(self) -> None:
        """Much arrives at a time: switches to reading into the buffer, unless others must see the bytes too."""
        if not self._in_bulk and self._is_direct and self._source is self.target:
            self._in_bulk = True
            self._change_kind(BulkReader(self, self._viewers[0].to_viewer, self._buffer))

    def flood_ended(self) -> None:
        """Little arrives at a time: switches to passing it on as it comes."""
        self._connect()

    def target_full(self) -> None:
        """The target cannot take any more: stop reading the viewers."""
        for viewer in self._viewers:
            viewer.pause_input()

    def target_drained(self) -> None:
        """The target takes more again."""
        for viewer in self._viewers:
            viewer.resume_input()

    def target_finished(self, *, lost: bool = False) -> None:
        """The target has stopped sending."""
        for viewer in self._viewers:
            viewer.target_finished(lost=lost)

    @property
    def _is_direct(self) -> bool:
        return len(self._viewers) == 1 and not self._taps

    def _regulate(self) -> None:
        if all(viewer.is_full for viewer in self._viewers):
            self._pause()
        else:
            self.viewer_drained()

    def _pause(self) -> None:
        if not self._source.is_closing():
            self._source.pause_reading()

    def _connect(self) -> None:
        """Chooses how the line is read and the viewers' input is written, according to the viewers and taps."""
        protocol = self._viewers[0].to_viewer if self._is_direct else SharedReader(self, self)
        if self._in_bulk:
            self._in_bulk = False
            self._change_kind(protocol)
        else:
            self.target.set_protocol(protocol)
        for viewer in self._viewers:
            viewer.write_input_to(self if self._taps else self.target)

    def _change_kind(self, protocol: asyncio.BaseProtocol) -> None:
        """A transport checks whether its protocol is buffered when it begins to read."""
        reads = self.target.is_reading()
        if reads:
            self.target.pause_reading()
        self.target.set_protocol(protocol)
        if reads:
            self.target.resume_reading()
