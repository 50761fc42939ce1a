"""Which refusals are logged: a flood of them must not fill the disk, nor hide refusals of others."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from keyhole.reasons import Reason

WINDOW_SECONDS = 10.0
LINES_EACH = 100
"""The limit for one reason and one address, in a window."""
LINES_IN_ALL = 1000

VARIOUS = "various"
"""Stands for addresses without any line, because there were too many others."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many refusals for one reason and one address were not logged."""

    reason: Reason
    address: str
    count: int


class RefusalLines:
    """Counts lines by reason and address, in windows of the same length. A window begins with its first refusal.

    `clock` returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun_at: float | None = None
        self._lines: Counter[tuple[Reason, str]] = Counter()
        self._left_out: Counter[tuple[Reason, str]] = Counter()
        self._in_all = 0

    def allows(self, reason: Reason, address: str) -> bool:
        """Whether to log this refusal. Call `ended` first."""
        if self._begun_at is None:
            self._begun_at = self._clock()
        key = reason, address
        if self._lines[key] < LINES_EACH and self._in_all < LINES_IN_ALL:
            self._lines[key] += 1
            self._in_all += 1
            return True
        self._left_out[key if key in self._lines else (reason, VARIOUS)] += 1
        return False

    def ended(self) -> list[LeftOut]:
        """The refusals that were not logged in a window that has ended; each window is reported once."""
        if self._begun_at is None or self._clock() - self._begun_at < WINDOW_SECONDS:
            return []
        left_out = [LeftOut(reason, address, count) for (reason, address), count in self._left_out.items()]
        self._begun_at, self._in_all = None, 0
        self._lines.clear()
        self._left_out.clear()
        return left_out
