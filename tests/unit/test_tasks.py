"""Background tasks of one owner."""

import asyncio
import gc

import pytest
from tests.fakes.waiting import until

from keyhole.tasks import TaskSet

Reports = list[tuple[str, BaseException]]


@pytest.fixture
def reports() -> Reports:
    return []


@pytest.fixture
def tasks(reports: Reports) -> TaskSet:
    return TaskSet("test", lambda where, error: reports.append((where, error)))


async def forever() -> None:
    await asyncio.Event().wait()


async def test_a_result_is_given_and_the_task_let_go(tasks: TaskSet, reports: Reports) -> None:
    async def work() -> int:
        return 7

    assert await tasks.start(work()) == 7
    await until(lambda: len(tasks) == 0)
    assert reports == []


async def test_a_task_that_nobody_holds_lives_on(tasks: TaskSet) -> None:
    done = asyncio.Event()

    async def work() -> None:
        await asyncio.get_running_loop().create_future()

    async def ends() -> None:
        try:
            await work()
        finally:
            done.set()

    tasks.start(ends())
    await asyncio.sleep(0)
    gc.collect()
    assert (len(tasks), done.is_set()) == (1, False)
    await tasks.close()
    assert done.is_set()


async def test_a_defect_is_reported_and_stops_no_other(tasks: TaskSet, reports: Reports) -> None:
    error = RuntimeError("defect")

    async def fails() -> None:
        raise error

    other = tasks.start(forever())
    tasks.start(fails())
    await until(lambda: reports == [("test", error)])
    assert (len(tasks), other.done()) == (1, False)
    await tasks.close()


async def test_cancelling_is_no_defect_and_closing_waits(tasks: TaskSet, reports: Reports) -> None:
    steps = []

    async def slow_to_end() -> None:
        try:
            await forever()
        finally:
            await asyncio.sleep(0)
            steps.append("ended")

    started = [tasks.start(slow_to_end()) for _ in range(3)]
    await asyncio.sleep(0)
    await tasks.close()
    assert steps == ["ended"] * 3
    assert all(task.cancelled() for task in started)
    assert (len(tasks), reports) == (0, [])


async def test_nothing_to_close(tasks: TaskSet) -> None:
    await tasks.close()
    assert len(tasks) == 0
