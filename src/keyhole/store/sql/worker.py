"""A thread that owns one database connection and runs the statements passed to it, in order.

Statements that arrive while it is busy run next as one batch, in one transaction if there are several, and their
results are returned to the event loop together: a batch of a hundred costs little more than the two thread switches of
a single statement. New rows of one table are combined into one statement, since every statement takes and releases
Python's global lock. The thread is independent of the database: the connection is any DBAPI's, in autocommit mode.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby, islice
from operator import attrgetter
from queue import SimpleQueue
from typing import Any, NamedTuple, Protocol, TypeVar

from keyhole.errors import Unavailable

T = TypeVar("T")
Row = Mapping[str, Any]
"""The values of a statement or a row, by name."""

ROWS_AT_ONCE = 64
"""How many rows one statement may insert: databases limit the number of values."""


class Cursor(Protocol):
    """The part of a DBAPI cursor that is used."""

    @property
    def description(self) -> Any: ...

    @property
    def rowcount(self) -> int: ...

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> object: ...

    def fetchall(self) -> list[Any]: ...

    def close(self) -> object: ...


class Connection(Protocol):
    """The part of a DBAPI connection that is used."""

    def cursor(self) -> Cursor: ...

    def close(self) -> None: ...


class Statement(NamedTuple):
    """SQL with placeholders, and the names of the values in their order.

    `row`: the placeholders of a row, for an INSERT to which more rows may be added.
    """

    sql: str
    names: tuple[str, ...]
    row: str = ""

    def for_rows(self, count: int) -> str:
        """The SQL that inserts this many rows."""
        return self.sql + f", {self.row}" * (count - 1)


class _Job(NamedTuple):
    statement: Statement
    values: list[Any]
    take: Callable[[Cursor], Any]
    answer: asyncio.Future[Any]


_Outcome = tuple[Any, Exception | None]


class DatabaseWorker:
    """Created and used on an event loop. `begin` starts a transaction; without it each statement commits by itself.

    The thread calls `connect` at its start and, if that failed, again for each batch until it succeeds. Raises
    Unavailable if no thread can be started.
    """

    def __init__(self, name: str, connect: Callable[[], Connection], begin: str | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._connect = connect
        self._begin = begin
        self._connection: Connection | None = None
        self._cursor: Cursor | None = None
        self._waiting: list[_Job] = []
        self._at_work = False
        self._closed = False
        self._batches: SimpleQueue[list[_Job] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            raise Unavailable("The store has no thread: none can be started at the moment.") from error

    async def run(self, statement: Statement, values: Row, take: Callable[[Cursor], T]) -> T:
        """Runs a statement in the worker's thread and returns the result of `take` for its cursor.

        Statements with a `row` may be combined; each then takes from the combined statement's cursor. A statement is
        completed even if the caller is cancelled. Raises Unavailable with the database's message, without statement or
        values.
        """
        if self._closed:
            raise Unavailable("The store is closed.")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(_Job(statement, [values[name] for name in statement.names], take, answer))
        if not self._at_work:
            self._at_work = True
            # At the end of this iteration of the loop, with all statements that it adds.
            self._loop.call_soon(self._hand_over)
        return await answer

    def end(self) -> None:
        """Requests that the connection is closed after all pending statements."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._batches.put(None)

    def join(self) -> None:
        """Waits until the connection is closed; must not be called in the loop's thread."""
        self._thread.join()

    async def close(self) -> None:
        """Runs all pending statements, then closes the connection."""
        self.end()
        try:
            await asyncio.to_thread(self.join)
        except (RuntimeError, Unavailable):  # no thread is available for waiting
            self.join()

    def _hand_over(self) -> None:
        batch, self._waiting = self._waiting, []
        self._batches.put(batch)

    def _deliver(self, batch: list[_Job], outcomes: list[_Outcome]) -> None:
        for job, (result, error) in zip(batch, outcomes, strict=True):
            if job.answer.done():
                continue  # its caller was cancelled
            if error is None:
                job.answer.set_result(result)
            else:
                failure = Unavailable(f"The store does not answer: {error}.")
                failure.__cause__ = error
                job.answer.set_exception(failure)
        self._at_work = bool(self._waiting)
        if self._waiting:
            self._loop.call_soon(self._hand_over)

    def _work(self) -> None:
        with suppress(Exception):  # each statement's caller gets the error
            self._open()
        while (batch := self._batches.get()) is not None:
            try:
                outcomes = self._run(self._open(), batch)
            except Exception as error:
                outcomes = [(None, error)] * len(batch)
            self._loop.call_soon_threadsafe(self._deliver, batch, outcomes)
        if self._cursor is not None:
            self._cursor.close()  # an unfinished statement would keep the database open
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> Cursor:
        if self._cursor is None:
            self._connection = self._connect()
            self._cursor = self._connection.cursor()
        return self._cursor

    def _run(self, cursor: Cursor, jobs: list[_Job]) -> list[_Outcome]:
        if self._begin is None or len(jobs) <= 1:
            return [_run_alone(cursor, job) for job in jobs]
        try:
            cursor.execute(self._begin)
        except Exception as error:
            return [(None, error)] * len(jobs)
        try:
            outcomes: list[_Outcome] = [(result, None) for result in _run_together(cursor, jobs)]
            cursor.execute("COMMIT")
        except Exception:
            with suppress(Exception):  # the database may have done so itself
                cursor.execute("ROLLBACK")
            # One of them fails: the others must not fail with it.
            return [_run_alone(cursor, job) for job in jobs]
        return outcomes


def _run(cursor: Cursor, job: _Job) -> Any:
    cursor.execute(job.statement.sql, job.values)
    return job.take(cursor)


def _run_together(cursor: Cursor, jobs: list[_Job]) -> Iterator[Any]:
    """The results, in the jobs' order."""
    for statement, group in groupby(jobs, key=attrgetter("statement")):
        if not statement.row:
            yield from (_run(cursor, job) for job in group)
            continue
        while rows := list(islice(group, ROWS_AT_ONCE)):
            cursor.execute(statement.for_rows(len(rows)), [value for job in rows for value in job.values])
            yield from (job.take(cursor) for job in rows)


def _run_alone(cursor: Cursor, job: _Job) -> _Outcome:
    try:
        return _run(cursor, job), None
    except Exception as error:
        return None, error
