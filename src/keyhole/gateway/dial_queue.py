"""The dial queue limits how many consoles of one server are dialled at once. Others wait, first come, first served.

Hypervisors have had defects that only many simultaneous handshakes trigger.
"""

import asyncio
from contextlib import nullcontext
from types import TracebackType
from weakref import WeakValueDictionary

from keyhole.errors import LimitReached
from keyhole.reasons import Reason

UNLIMITED = 1 << 30


class DialQueue:
    """At most `per_server` at once for each server; 0: no limit."""

    def __init__(self, per_server: int = 0) -> None:
        self._per_server = per_server or UNLIMITED
        self._semaphores: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        """An entry exists while a slot is held or waited for."""

    def __len__(self) -> int:
        """How many servers have consoles that are being dialled or waiting."""
        return len(self._semaphores)

    def slot(self, server_id: str, seconds: float) -> "DialSlot":
        """A slot, held while its context lasts. Entering waits at most `seconds`, then raises LimitReached."""
        semaphore = self._semaphores.get(server_id)
        if semaphore is None:
            semaphore = self._semaphores[server_id] = asyncio.Semaphore(self._per_server)
        return DialSlot(semaphore, seconds, self._per_server)


class DialSlot:
    """One console being dialled."""

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
