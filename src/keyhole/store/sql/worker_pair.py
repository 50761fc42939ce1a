"""The two threads that use the database, which reconnect if their connections turn out to be read-only.

A connection to a database that was not writable when it was opened may stay read-only forever, and keeps other
connections of the same process read-only. So both are closed before either is reopened.
"""

import asyncio
from collections.abc import Awaitable, Callable
from operator import attrgetter
from typing import NamedTuple, TypeVar

from keyhole.errors import Unavailable
from keyhole.store.sql.worker import Connection, Cursor, DatabaseWorker, Row, Statement

T = TypeVar("T")

REOPEN_SECONDS = 1.0
"""The minimum time between two reconnections."""


class _Pair(NamedTuple):
    writer: DatabaseWorker
    reader: DatabaseWorker


_WRITER: Callable[[_Pair], DatabaseWorker] = attrgetter("writer")
_READER: Callable[[_Pair], DatabaseWorker] = attrgetter("reader")


class WorkerPair:
    """One thread that writes, in transactions that `begin` starts, and one that only reads.

    `is_read_only` says whether a failure was caused by a read-only connection.
    """

    def __init__(
        self, connect: Callable[[], Connection], begin: str, is_read_only: Callable[[BaseException | None], bool]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._connect = connect
        self._begin = begin
        self._is_read_only = is_read_only
        self._pair = self._opened(connect)

    def write(self, statement: Statement, values: Row, take: Callable[[Cursor], T]) -> Awaitable[T]:
        """As `DatabaseWorker.run`, for statements that write."""
        return self._run(_WRITER, statement, values, take)

    def read(self, statement: Statement, values: Row, take: Callable[[Cursor], T]) -> Awaitable[T]:
        """As `DatabaseWorker.run`, for statements that only read."""
        return self._run(_READER, statement, values, take)

    async def close(self) -> None:
        """Runs all pending statements, then closes the connections."""
        await self._pair.reader.close()
        await self._pair.writer.close()

    async def _run(
        self,
        worker_of: Callable[[_Pair], DatabaseWorker],
        statement: Statement,
        values: Row,
        take: Callable[[Cursor], T],
    ) -> T:
        pair = self._pair
        try:
            return await worker_of(pair).run(statement, values, take)
        except Unavailable as failure:
            if not self._reopened(pair, failure):
                raise
        return await worker_of(self._pair).run(statement, values, take)

    def _opened(self, connect: Callable[[], Connection]) -> _Pair:
        self._opened_at = self._loop.time()
        writer = DatabaseWorker("store-writer", connect, self._begin)
        try:
            return _Pair(writer, DatabaseWorker("store-reader", connect))
        except Unavailable:
            writer.end()
            raise

    def _reopened(self, pair: _Pair, failure: Unavailable) -> bool:
        """Reconnects if necessary; returns whether the current connections are newer than this pair, which failed."""
        if not self._is_read_only(failure.__cause__):
            return False
        if self._pair is pair and self._loop.time() - self._opened_at >= REOPEN_SECONDS:
            old = list(pair)

            def connect() -> Connection:
                for worker in old:
                    worker.join()
                old.clear()
                return self._connect()

            self._pair = self._opened(connect)
            for worker in pair:
                worker.end()
        return self._pair is not pair
