"""The database's thread: waiting statements run in one transaction, callers get their own results, nothing is lost."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.waiting import until

from keyhole.errors import Unavailable
from keyhole.store.sql.sqlite import BEGIN_WRITING, connect
from keyhole.store.sql.worker import ROWS_AT_ONCE, Cursor, DatabaseWorker, Statement

ADD = Statement("INSERT INTO numbers VALUES (?)", ("n",))
ADD_ROW = ADD._replace(row="(?)")
COUNT = Statement("SELECT count(*) FROM numbers", ())


class Traced:
    """A connection that records its statements and can block its thread."""

    def __init__(self, path: Path) -> None:
        path.touch()
        self._connection = connect(path)
        self._connection.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")
        self.statements: list[str] = []
        self._connection.set_trace_callback(self.statements.append)
        self.closed = False

    def cursor(self) -> Cursor:
        return self._connection.cursor()

    def close(self) -> None:
        self._connection.close()
        self.closed = True


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Traced]:
    traced = Traced(tmp_path / "numbers.db")
    yield traced
    traced.close()


@pytest.fixture
async def worker(connection: Traced) -> AsyncIterator[DatabaseWorker]:
    worker = DatabaseWorker("test", lambda: connection, BEGIN_WRITING)
    yield worker
    await worker.close()


def changed(cursor: Cursor) -> int:
    return cursor.rowcount


def numbers(path: Path) -> list[int]:
    """The rows that another connection sees."""
    other = sqlite3.connect(path)
    found = [row[0] for row in other.execute("SELECT n FROM numbers ORDER BY n")]
    other.close()
    return found


@contextmanager
def held_up(worker: DatabaseWorker) -> Iterator[None]:
    """The thread is blocked while the context lasts."""
    go = threading.Event()

    def wait(_: Cursor) -> None:
        go.wait(10)

    holding = asyncio.ensure_future(worker.run(COUNT, {}, wait))
    holding.add_done_callback(lambda _: None)
    try:
        yield
    finally:
        go.set()


async def add_all(worker: DatabaseWorker, values: list[Any], statement: Statement = ADD) -> list[Any]:
    """Adds all of them while the thread is busy with something else."""
    with held_up(worker):
        await asyncio.sleep(0)
        adding = [asyncio.create_task(worker.run(statement, {"n": value}, changed)) for value in values]
        await asyncio.sleep(0)
    return await asyncio.gather(*adding, return_exceptions=True)


async def test_one_alone_is_a_transaction_of_its_own(worker: DatabaseWorker, connection: Traced) -> None:
    assert await worker.run(ADD, {"n": 1}, changed) == 1
    assert [statement.split()[0] for statement in connection.statements] == ["INSERT"]


async def test_what_waits_is_one_transaction_in_the_order_of_its_coming(
    worker: DatabaseWorker, connection: Traced, tmp_path: Path
) -> None:
    assert await add_all(worker, [3, 1, 2]) == [1, 1, 1]
    waited = connection.statements[connection.statements.index(COUNT.sql) + 1 :]
    assert [statement.split()[0] for statement in waited] == ["BEGIN", "INSERT", "INSERT", "INSERT", "COMMIT"]
    assert [statement[-2:-1] for statement in waited[1:-1]] == ["3", "1", "2"]
    assert numbers(tmp_path / "numbers.db") == [1, 2, 3]


async def test_new_rows_that_wait_are_as_few_statements_as_may_be(
    worker: DatabaseWorker, connection: Traced, tmp_path: Path
) -> None:
    count = ROWS_AT_ONCE + 2
    assert len(await add_all(worker, list(range(count)), ADD_ROW)) == count
    waited = connection.statements[connection.statements.index(COUNT.sql) + 1 :]
    assert [statement.split()[0] for statement in waited] == ["BEGIN", "INSERT", "INSERT", "COMMIT"]
    assert numbers(tmp_path / "numbers.db") == list(range(count))


async def test_of_new_rows_only_the_bad_one_fails(worker: DatabaseWorker, tmp_path: Path) -> None:
    outcomes = await add_all(worker, [1, 2, 2, 3], ADD_ROW)
    assert [isinstance(outcome, Unavailable) for outcome in outcomes] == [False, False, True, False]
    assert numbers(tmp_path / "numbers.db") == [1, 2, 3]


async def test_nobody_is_told_of_success_before_it_is_committed(worker: DatabaseWorker, tmp_path: Path) -> None:
    seen: list[list[int]] = []

    async def add(value: int) -> None:
        await worker.run(ADD, {"n": value}, changed)
        seen.append(numbers(tmp_path / "numbers.db"))

    with held_up(worker):
        await asyncio.sleep(0)
        adding = [asyncio.create_task(add(value)) for value in (1, 2)]
        await asyncio.sleep(0)
    await asyncio.gather(*adding)
    assert seen == [[1, 2], [1, 2]]


async def test_a_failure_is_its_own_and_nobody_elses(worker: DatabaseWorker, tmp_path: Path) -> None:
    outcomes = await add_all(worker, [1, "x", 1, 2])
    assert outcomes[0] == outcomes[3] == 1
    assert str(outcomes[1]) == "The store does not answer: datatype mismatch."
    assert str(outcomes[2]) == "The store does not answer: UNIQUE constraint failed: numbers.n."
    assert [type(outcome) for outcome in outcomes[1:3]] == [Unavailable] * 2
    assert isinstance(outcomes[2].__cause__, sqlite3.IntegrityError)
    assert numbers(tmp_path / "numbers.db") == [1, 2]


async def test_a_lock_that_is_not_had_fails_all_that_wait_for_it_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyhole.store.sql.sqlite.BUSY_TIMEOUT_SECONDS", 0.2)
    connection = Traced(tmp_path / "numbers.db")
    worker = DatabaseWorker("test", lambda: connection, BEGIN_WRITING)
    blocker = sqlite3.connect(tmp_path / "numbers.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    loop = asyncio.get_running_loop()
    began = loop.time()
    outcomes = await add_all(worker, list(range(100)))
    assert {str(outcome) for outcome in outcomes} == {"The store does not answer: database is locked."}
    assert loop.time() - began < 5  # one after the other would be 20
    blocker.execute("ROLLBACK")
    blocker.close()
    assert await worker.run(ADD, {"n": 1}, changed) == 1
    await worker.close()


async def test_what_was_handed_over_is_done_though_nobody_waits_any_more(
    worker: DatabaseWorker, connection: Traced, tmp_path: Path
) -> None:
    with held_up(worker):
        await asyncio.sleep(0)
        adding = [asyncio.create_task(worker.run(ADD, {"n": value}, changed)) for value in (1, 2)]
        await asyncio.sleep(0)
        adding[0].cancel()
        closing = asyncio.create_task(worker.close())
        await asyncio.sleep(0)
    await closing
    assert connection.closed
    assert await adding[1] == 1
    assert adding[0].cancelled()
    assert numbers(tmp_path / "numbers.db") == [1, 2]


async def test_the_loop_runs_while_the_database_works(worker: DatabaseWorker) -> None:
    with held_up(worker):
        await asyncio.sleep(0)
        waiting = asyncio.create_task(worker.run(COUNT, {}, lambda cursor: cursor.fetchall()))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not waiting.done()
    assert await waiting == [(0,)]


async def test_a_closed_worker_is_unavailable(worker: DatabaseWorker) -> None:
    await worker.close()
    with pytest.raises(Unavailable, match="closed"):
        await worker.run(COUNT, {}, changed)
    await worker.close()


async def test_a_connection_that_cannot_be_had_is_tried_for_again_with_each_question(connection: Traced) -> None:
    failures = [OSError("no file"), OSError("still none"), OSError("none at all")]

    def connect() -> Traced:
        if failures:
            raise failures.pop()
        return connection

    worker = DatabaseWorker("test", connect)
    await until(lambda: len(failures) == 2)
    for words in ("still none", "no file"):
        with pytest.raises(Unavailable, match=rf"^The store does not answer: {words}\.$"):
            await worker.run(COUNT, {}, changed)
    assert await worker.run(ADD, {"n": 1}, changed) == 1
    await worker.close()
    assert connection.closed


async def test_a_statement_that_failed_does_not_keep_the_database_open(tmp_path: Path) -> None:
    """Nor does code that still holds its exception."""

    def is_open() -> bool:
        for descriptor in os.listdir("/proc/self/fd"):
            with suppress(FileNotFoundError):  # it was closed meanwhile
                if os.readlink(f"/proc/self/fd/{descriptor}") == str(tmp_path / "numbers.db"):
                    return True
        return False

    worker = DatabaseWorker("test", lambda: Traced(tmp_path / "numbers.db"))
    with pytest.raises(Unavailable, match="datatype mismatch") as caught:
        await worker.run(ADD, {"n": "x"}, changed)
    assert is_open()
    await worker.close()
    assert not is_open(), caught.value


class TestNoThreads:
    """The process cannot start any more threads."""

    @pytest.fixture
    def shortage(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        def start(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start)
            yield

    async def test_a_worker_is_refused(self, connection: Traced, shortage: None) -> None:
        with pytest.raises(Unavailable, match="The store has no thread"):
            DatabaseWorker("test", lambda: connection)

    async def test_what_was_asked_for_is_written_before_the_end(
        self, connection: Traced, tmp_path: Path, request: pytest.FixtureRequest
    ) -> None:
        worker = DatabaseWorker("test", lambda: connection, BEGIN_WRITING)
        request.getfixturevalue("shortage")
        asked = asyncio.create_task(worker.run(ADD, {"n": 1}, changed))
        await asyncio.sleep(0)
        await worker.close()
        assert await asked == 1
        assert connection.closed
        assert numbers(tmp_path / "numbers.db") == [1]
