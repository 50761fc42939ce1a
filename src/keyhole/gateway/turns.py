"""Turns at a server: only so many of its consoles are dialled at once, the others wait, first come first served.

Hypervisors have had defects that many handshakes at once bring out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from weakref import WeakValueDictionary

from keyhole.errors import LimitReached
from keyhole.reasons import Reason


class Turns:
    """At most `per_server` at once for each server; 0 means any number."""

    def __init__(self, per_server: int = 0) -> None:
        self._per_server = per_server
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        """Kept while somebody has a turn or waits for one."""

    @asynccontextmanager
    async def turn(self, server_id: str, seconds: float) -> AsyncIterator[None]:
        """Waits for a turn, so long at most, and has it while the context lasts. Raises LimitReached."""
        if not self._per_server:
            yield
            return
        turns = self._turns.setdefault(server_id, asyncio.Semaphore(self._per_server))
        try:
            async with asyncio.timeout(seconds) if turns.locked() else nullcontext():
                await turns.acquire()
        except TimeoutError as error:
            raise LimitReached(
                Reason.LIMIT_SERVER_HANDSHAKES, f"{self._per_server} others are being set up, as many as are allowed"
            ) from error
        try:
            yield
        finally:
            turns.release()
