"""The half-pipe from one viewer to its target, which is the protocol of the viewer's transport.

The viewer's bytes pass a filter, which keeps message boundaries, drops the input of viewers that may only watch, and
distinguishes real input from other messages. Pings are answered here, and activity is recorded.
"""

import asyncio
from typing import Protocol as Interface

from keyhole.errors import ProtocolError
from keyhole.protocols.websocket.frames_in import Close, Control, FrameReader, Ping, Pong
from keyhole.protocols.websocket.frames_out import ping_frame, pong_frame


class InputFilter(Interface):
    """The filter for a viewer's bytes, one for each protocol."""

    input_count: int
    """Counts each action of the user, whether passed on or not."""

    def feed(self, data: bytes) -> bytes:
        """What to pass on of `data`. Raises ProtocolError."""

    def refill(self) -> None:
        """A second has passed: refills the viewer's message allowance."""

    def set_view_only(self, view_only: bool) -> bytes:
        """Changes what the viewer may do; returns the bytes, possibly none, to send to the target at once."""


class Writer(Interface):
    """Where accepted input is written: the target's transport, or an object that also passes it to taps."""

    def write(self, data: bytes) -> None:
        """Sends it."""


class ViewerEnd(Interface):
    """Receives what a viewer's protocol reports about its transport: a `Relay`."""

    def viewer_full(self) -> None:
        """The viewer cannot take any more."""

    def viewer_drained(self) -> None:
        """The viewer takes more again."""

    def viewer_finished(self) -> bool:
        """The viewer has stopped sending. Returns whether its connection stays open."""

    def viewer_left(self, *, lost: bool = False) -> None:
        """The viewer closed its connection; `lost` if the kernel gave it up."""

    def viewer_broke(self, error: ProtocolError) -> None:
        """The viewer sent invalid data."""


class ViewerToTarget(asyncio.Protocol):
    """`frames` reads the viewer's WebSocket; None if its bytes are not framed. It carries bytes while `is_open`.

    `checks_unanswered` counts the calls of `ping` since the viewer last sent anything.
    """

    __slots__ = (
        "_end",
        "_filter",
        "_frames",
        "_pending_pong",
        "_viewer",
        "checks_unanswered",
        "is_full",
        "is_open",
        "sent_bytes",
        "target",
    )

    def __init__(
        self,
        end: ViewerEnd,
        viewer: asyncio.Transport,
        frames: FrameReader | None,
        input_filter: InputFilter,
        target: Writer,
    ) -> None:
        self._end = end
        self._viewer = viewer
        self._frames = frames
        self._filter = input_filter
        self.target = target
        self._pending_pong: bytes | None = None
        self.checks_unanswered = 0
        self.is_full = False
        self.is_open = True
        self.sent_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Bytes from the viewer, framed or not."""
        self.checks_unanswered = 0
        if not self.is_open:
            return
        frames = self._frames
        if frames is None:
            self.forward(data)
            return
        try:
            payload = frames.receive_data(data)
        except ProtocolError as error:
            self._end.viewer_broke(error)
            return
        if payload:
            self.forward(payload)
        if frames.control:
            self._answer(frames.take_control())

    def forward(self, payload: bytes) -> None:
        """The viewer's payload, for the target."""
        try:
            payload = self._filter.feed(payload)
        except ProtocolError as error:
            self._end.viewer_broke(error)
            return
        if payload:
            self.sent_bytes += len(payload)
            self.target.write(payload)

    def set_view_only(self, view_only: bool) -> None:
        """Changes what the viewer may do, from its next message on."""
        if releases := self._filter.set_view_only(view_only):
            self.target.write(releases)

    def eof_received(self) -> bool:
        return self._end.viewer_finished()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end.viewer_left(lost=isinstance(exc, TimeoutError))

    def pause_writing(self) -> None:
        self.is_full = True
        self._end.viewer_full()

    def resume_writing(self) -> None:
        self.is_full = False
        if self._pending_pong is not None:
            self._viewer.write(pong_frame(self._pending_pong))
            self._pending_pong = None
        self._end.viewer_drained()

    def ping(self) -> None:
        """Pings a WebSocket viewer, unless it cannot take any more at the moment."""
        self.checks_unanswered += 1
        if not self.is_full:
            self._viewer.write(ping_frame(b""))

    def _answer(self, controls: list[Control]) -> None:
        for control in controls:
            match control:
                case Ping(ping):
                    self._answer_ping(ping)
                case Pong():
                    pass
                case Close():
                    self._end.viewer_left()

    def _answer_ping(self, payload: bytes) -> None:
        """Only the latest ping, which RFC 6455 5.5.3 allows: a viewer that does not read cannot make pongs pile up."""
        if self.is_full:
            self._pending_pong = payload
        elif self.is_open:
            self._viewer.write(pong_frame(payload))
