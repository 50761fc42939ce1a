"""DialQueue at a server: only so many of its consoles are dialled at once, the others wait, first come first served.

Hypervisors have had defects that many handshakes at once bring out.
"""

import asyncio
from contextlib import nullcontext
from types import TracebackType
from weakref import WeakValueDictionary

from keyhole.errors import LimitReached
from keyhole.reasons import Reason

UNLIMITED = 1 << 30


class DialQueue:
    """At most `per_server` at once for each server; 0 means any number."""

    def __init__(self, per_server: int = 0) -> None:
        self._per_server = per_server or UNLIMITED
        self._semaphores: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        """Kept while somebody has a turn or waits for one."""

    def __len__(self) -> int:
        """How many servers somebody has a turn at, or waits for."""
        return len(self._semaphores)

    def slot(self, server_id: str, seconds: float) -> "_DialSlot":
        """A turn to be waited for, so long at most, and had while its context lasts. Entering raises LimitReached."""
        semaphore = self._semaphores.get(server_id)
        if semaphore is None:
            semaphore = self._semaphores[server_id] = asyncio.Semaphore(self._per_server)
        return _DialSlot(semaphore, seconds, self._per_server)


class _DialSlot:
    """One turn at a server."""

    __slots__ = ("_most", "_seconds", "_semaphores")

    def __init__(self, semaphore: asyncio.Semaphore, seconds: float, most: int) -> None:
        self._semaphores = semaphore
        self._seconds = seconds
        self._most = most

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(self._seconds) if self._semaphores.locked() else nullcontext():
                await self._semaphores.acquire()
        except TimeoutError as error:
            raise LimitReached(
                Reason.LIMIT_SERVER_HANDSHAKES, f"{self._most} others are being set up, as many as are allowed"
            ) from error

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._semaphores.release()
