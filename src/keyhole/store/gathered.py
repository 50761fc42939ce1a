"""Writes that are gathered while another one is under way, and then written together (group commit)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from keyhole.errors import Unavailable

Row = dict[str, Any]


class GatheredWrites:
    """Hands rows to `write`, all that came in while it was at work on the ones before as one list.

    One caller alone pays for a whole write; a hundred at once pay for little more than one.
    """

    def __init__(self, write: Callable[[list[Row]], Awaitable[None]]) -> None:
        self._write = write
        self._waiting: list[tuple[Row, asyncio.Future[None]]] = []
        self._work: asyncio.Task[None] | None = None

    async def add(self, row: Row) -> None:
        """Returns when the row is written; raises Unavailable when the write that it was part of did.

        A row that was taken in is written even when whoever waits for it is cancelled.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, written))
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._write_all())
        await written

    async def finish(self) -> None:
        """Returns when nothing is left to write."""
        if self._work is not None:
            await self._work

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            error = None
            try:
                await self._write([row for row, _ in batch])
            except Unavailable as failure:
                error = failure
            for _, written in batch:
                if written.done():
                    continue  # nobody waits for it any more
                if error is None:
                    written.set_result(None)
                else:
                    written.set_exception(error)
        self._work = None
