"""A thread that owns one connection to the database and runs the statements that are handed to it, in their order.

All statements that wait while it is at work are run next at once, in one transaction where there are several, and
their results go back to the event loop together: one caller alone pays for two hand-overs, a hundred at once for
little more. New rows of one table are even one statement: each statement costs turns of Python's lock. Nothing here
knows which database it is: the connection is any DBAPI's, in autocommit mode.
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
"""Values by their names: a statement's, or a row's."""

ROWS_AT_ONCE = 64
"""How many rows one statement may insert: databases limit the number of values."""


class Cursor(Protocol):
    """What is used of a DBAPI cursor."""

    @property
    def description(self) -> Any: ...

    @property
    def rowcount(self) -> int: ...

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> object: ...

    def fetchall(self) -> list[Any]: ...

    def close(self) -> object: ...


class Connection(Protocol):
    """What is used of a DBAPI connection."""

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
    """Made and used on an event loop. `begin` starts a transaction; without it each statement commits by itself.

    `connect` is called in the thread at its start, and again for what is asked for as long as it fails.
    Raises Unavailable when no thread can be started.
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
        """Runs a statement and returns what `take` finds in its cursor, in the worker's thread.

        Of statements with a `row`, which may have been run as one, each takes from the cursor of all.
        It is run to its end even when whoever waits for it is cancelled. Raises Unavailable with the database's words,
        without statement or values.
        """
        if self._closed:
            raise Unavailable("The store is closed.")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(_Job(statement, [values[name] for name in statement.names], take, answer))
        if not self._at_work:
            self._at_work = True
            # At the end of this turn of the loop, with all that comes in it.
            self._loop.call_soon(self._hand_over)
        return await answer

    def end(self) -> None:
        """Has what was asked for run and then the connection closed."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._batches.put(None)

    def join(self) -> None:
        """Waits, in another thread than the loop's, until the connection is closed."""
        self._thread.join()

    async def close(self) -> None:
        """Runs what was asked for, then closes the connection."""
        self.end()
        try:
            await asyncio.to_thread(self.join)
        except (RuntimeError, Unavailable):  # there is no thread to wait in
            self.join()

    def _hand_over(self) -> None:
        batch, self._waiting = self._waiting, []
        self._batches.put(batch)

    def _hand_back(self, batch: list[_Job], outcomes: list[_Outcome]) -> None:
        for job, (result, error) in zip(batch, outcomes, strict=True):
            if job.answer.done():
                continue  # nobody waits for it any more
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
        with suppress(Exception):  # who asks for something is told
            self._open()
        while (batch := self._batches.get()) is not None:
            try:
                outcomes = self._run(self._open(), batch)
            except Exception as error:
                outcomes = [(None, error)] * len(batch)
            self._loop.call_soon_threadsafe(self._hand_back, batch, outcomes)
        if self._cursor is not None:
            self._cursor.close()  # a statement that it still has would keep the database open
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
            # One of them fails: nobody else shall pay for it.
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
