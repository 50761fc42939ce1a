"""The supervisor's regular check that a worker still answers; a worker that does not answer counts as hung.

Counts rounds, not seconds, so that time in which the supervisor itself was stopped does not count.
"""

import asyncio
from collections.abc import Callable

PING_SECONDS = 5.0
MOST_UNANSWERED = 6
"""After this many rounds without an answer, a worker counts as hung."""


class Pulse:
    """The pulse of one worker. `ask` sends a ping; `lost` and `found` are called when the worker stops and resumes
    answering.
    """

    def __init__(self, ask: Callable[[], None], lost: Callable[[], None], found: Callable[[], None]) -> None:
        self._ask = ask
        self._lost = lost
        self._found = found
        self._unanswered = 0
        self._is_lost = False

    def answered(self) -> None:
        """The worker has answered."""
        self._unanswered = 0
        if self._is_lost:
            self._is_lost = False
            self._found()

    async def watch(self) -> None:
        """Sends a ping every PING_SECONDS, forever, but not while an answer is pending."""
        while True:
            if self._unanswered == 0:
                self._ask()
            self._unanswered += 1
            await asyncio.sleep(PING_SECONDS)
            if not self._is_lost and self._unanswered >= MOST_UNANSWERED:
                self._is_lost = True
                self._lost()
