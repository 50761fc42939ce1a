"""How a target's transport is read where that is not straight into one viewer's half-pipe.

Each is the protocol of the target's transport for a while; `Console` says which. What they have in common with the
half-pipe is what the transport tells beside bytes.
"""

import asyncio
from typing import Protocol as Interface

from keyhole.relay.read_buffer import ReadBuffer

CALM_READS = 16
"""A flood is over after this many small reads in a row."""


class Line(Interface):
    """What a target's protocol tells of its transport: a `Console`."""

    def flood_began(self) -> None:
        """Much arrives at a time."""

    def flood_ended(self) -> None:
        """Little arrives at a time."""

    def target_full(self) -> None:
        """The target does not take any more."""

    def target_drained(self) -> None:
        """The target takes more again."""

    def target_finished(self, *, lost: bool = False) -> None:
        """The target sends no more; `lost` where the kernel gave it up."""


class TargetReader(asyncio.BaseProtocol):
    """What a target's transport tells, but for its bytes."""

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
    """Takes what was read in bulk: a `TargetToViewer`."""

    def bulk_received(self, size: int, buffer: ReadBuffer) -> bool:
        """`size` bytes are in the buffer. Returns whether that is much."""


class BulkReader(TargetReader, asyncio.BufferedProtocol):
    """Has the target's bytes read into a buffer, until its flood is over."""

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
    """Those that a line's bytes are for: a `Console`."""

    def distribute(self, data: bytes) -> None:
        """Bytes of the target's, for all."""


class SharedReader(TargetReader, asyncio.Protocol):
    """Hands the target's bytes to several viewers, or to taps."""

    __slots__ = ("_audience",)

    def __init__(self, line: Line, audience: Audience) -> None:
        super().__init__(line)
        self._audience = audience

    def data_received(self, data: bytes) -> None:
        self._audience.distribute(data)
