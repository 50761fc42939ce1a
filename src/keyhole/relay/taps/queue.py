"""A tap that is read elsewhere, at the reader's own pace."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum

MOST_QUEUED_BYTES = 4 * 1024 * 1024


class Direction(Enum):
    """The direction of bytes."""

    TO_VIEWER = "to_viewer"
    TO_TARGET = "to_target"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that the line carried; `at` is of the event loop's monotonic clock, in seconds."""

    direction: Direction
    data: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Lost:
    """Bytes that the line carried but the reader was too slow to get, from `at` on."""

    direction: Direction
    byte_count: int
    at: float


class TapQueue:
    """Queues at most `most_bytes` of unread bytes. What does not fit is counted, and the reader is told where bytes are
    missing.

    One reader iterates over it; the iteration ends when the line is closed and everything has been read.
    """

    def __init__(self, most_bytes: int = MOST_QUEUED_BYTES) -> None:
        self._most_bytes = most_bytes
        self._queued_bytes = 0
        self._events: deque[Chunk | Lost] = deque()
        self._closed = False
        self._something = asyncio.Event()

    def target_sent(self, data: bytes, at: float) -> None:
        self._put(Direction.TO_VIEWER, data, at)

    def viewer_sent(self, data: bytes, at: float) -> None:
        self._put(Direction.TO_TARGET, data, at)

    def line_closed(self) -> None:
        self._closed = True
        self._something.set()

    async def __aiter__(self) -> AsyncIterator[Chunk | Lost]:
        while True:
            while self._events:
                event = self._events.popleft()
                if isinstance(event, Chunk):
                    self._queued_bytes -= len(event.data)
                yield event
            if self._closed:
                return
            self._something.clear()
            await self._something.wait()

    def _put(self, direction: Direction, data: bytes, at: float) -> None:
        if self._queued_bytes + len(data) <= self._most_bytes:
            self._queued_bytes += len(data)
            self._events.append(Chunk(direction, data, at))
        else:
            self._lose(direction, len(data), at)
        self._something.set()

    def _lose(self, direction: Direction, byte_count: int, at: float) -> None:
        """At most one event for each direction while nothing is queued in between: a flood does not fill the queue with
        losses.
        """
        for place in range(1, min(2, len(self._events)) + 1):
            event = self._events[-place]
            if isinstance(event, Chunk):
                break
            if event.direction is direction:
                self._events[-place] = Lost(direction, event.byte_count + byte_count, event.at)
                return
        self._events.append(Lost(direction, byte_count, at))
