"""A tap that counts what a console's line carries."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class Flow:
    """The traffic in one direction: bytes, the number of pieces, the largest, and the longest pause between two.

    Sizes are in bytes, times in seconds; `last_at` is None before the first piece.
    """

    byte_count: int = 0
    pieces: int = 0
    largest_bytes: int = 0
    longest_pause_seconds: float = 0.0
    last_at: float | None = None

    def add(self, size: int, at: float) -> None:
        """One more piece."""
        self.byte_count += size
        self.pieces += 1
        self.largest_bytes = max(self.largest_bytes, size)
        if self.last_at is not None:
            self.longest_pause_seconds = max(self.longest_pause_seconds, at - self.last_at)
        self.last_at = at


@dataclass(slots=True)
class TrafficTap:
    """Counts until it is removed. `closed` is set when the line is."""

    to_viewer: Flow = field(default_factory=Flow)
    to_target: Flow = field(default_factory=Flow)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def target_sent(self, data: bytes, at: float) -> None:
        self.to_viewer.add(len(data), at)

    def viewer_sent(self, data: bytes, at: float) -> None:
        self.to_target.add(len(data), at)

    def line_closed(self) -> None:
        self.closed.set()
