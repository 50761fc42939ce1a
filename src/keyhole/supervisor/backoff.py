"""The delay before a worker that died is replaced: none at first, longer if its successors die early."""

from collections.abc import Callable

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0
STABLE_SECONDS = 60.0
"""A worker that ran this long did not die because of its start."""


class Backoff:
    """The deaths in one slot. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started_at = clock()
        self._wait = 0.0

    def started(self) -> None:
        self._started_at = self._clock()

    def died(self) -> float:
        """How long to wait before the next worker is started, in seconds."""
        now = self._clock()
        if now - self._started_at >= STABLE_SECONDS:
            self._wait = 0.0
        self._started_at = now  # the next worker may die before `started`
        wait = self._wait
        self._wait = min(max(FIRST_SECONDS, 2 * wait), LONGEST_SECONDS)
        return wait
