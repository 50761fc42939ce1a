"""The delay before a worker that died is replaced: none at first, longer if its successors die early."""

from collections.abc import Callable

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0
GROWN_UP_SECONDS = 60.0
"""A worker that ran this long did not die because of its start."""


class Backoff:
    """The deaths in one slot. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._born_at = clock()
        self._wait = 0.0

    def born(self) -> None:
        self._born_at = self._clock()

    def died(self) -> float:
        """How long to wait before the next worker is started, in seconds."""
        now = self._clock()
        if now - self._born_at >= GROWN_UP_SECONDS:
            self._wait = 0.0
        self._born_at = now  # the next worker may die before `born`
        wait = self._wait
        self._wait = min(max(FIRST_SECONDS, 2 * wait), LONGEST_SECONDS)
        return wait
