"""How a target's transport is read when it is not read straight into one viewer's half-pipe.

Each reader is temporarily the protocol of the target's transport; `Console` chooses which. They share with the
half-pipe the transport's notifications other than bytes.
"""

import asyncio
from typing import Protocol as Interface

from keyhole.relay.read_buffer import ReadBuffer

CALM_READS = 16
"""A flood is over after this many small reads in a row."""


class Line(Interface):
    """Receives what a target's protocol reports about its transport: a `Console`."""

    def flood_began(self) -> None:
        """Much arrives at a time."""

    def flood_ended(self) -> None:
        """Little arrives at a time."""

    def target_full(self) -> None:
        """The target cannot take any more."""

    def target_drained(self) -> None:
        """The target takes more again."""

    def target_finished(self, *, lost: bool = False) -> None:
        """The target has stopped sending; `lost` if the kernel gave up the connection."""


class TargetReader(asyncio.BaseProtocol):
    """The notifications of a target's transport, except for its bytes."""

    __slots__ = ("_line",)

    def __init__(self, line: Line) -> None:
        self._line = line

    def eof_received(self) -> None:
        self._line.target_finished()

    def connection_lost(self, exc: Exception | None) -> None:
        self._line.target_finished(lost=isinstance(exc, TimeoutError))

    def pause_writing(self) -> None:
        self._line.target_full()

    def resume_writing(self) -> None:
        self._line.target_drained()


class BulkSink(Interface):
    """Receives what was read in bulk: a `TargetToViewer`."""

    def bulk_received(self, size: int, buffer: ReadBuffer) -> bool:
        """`size` bytes are in the buffer. Returns whether that is much."""


class BulkReader(TargetReader, asyncio.BufferedProtocol):
    """Reads the target's bytes into a buffer, until its flood is over."""

    __slots__ = ("_buffer", "_sink", "_small_reads", "get_buffer")

    def __init__(self, line: Line, sink: BulkSink, buffer: ReadBuffer) -> None:
        super().__init__(line)
        self._sink = sink
        self._buffer = buffer
        self.get_buffer = buffer.get_buffer  # type: ignore[method-assign]
        self._small_reads = 0

    def buffer_updated(self, nbytes: int) -> None:
        if self._sink.bulk_received(nbytes, self._buffer):
            self._small_reads = 0
            return
        self._small_reads += 1
        if self._small_reads == CALM_READS:
            self._line.flood_ended()


class Audience(Interface):
    """Receives a line's bytes: a `Console`."""

    def distribute(self, data: bytes) -> None:
        """Bytes of the target's, for all."""


class SharedReader(TargetReader, asyncio.Protocol):
    """Passes the target's bytes to several viewers, or to taps."""

    __slots__ = ("_audience",)

    def __init__(self, line: Line, audience: Audience) -> None:
        super().__init__(line)
        self._audience = audience

    def data_received(self, data: bytes) -> None:
        self._audience.distribute(data)
