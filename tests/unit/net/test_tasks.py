import ast
import asyncio
import gc
import weakref
from pathlib import Path

import pytest

import keyhole
from keyhole.net.tasks import TaskSet

SOURCES = sorted(Path(keyhole.__file__).parent.rglob("*.py"))


async def test_a_task_is_kept_until_it_is_done() -> None:
    tasks, go_on = TaskSet(), weakref.WeakSet[asyncio.Future[None]]()
    finished = []

    async def work() -> None:
        future = asyncio.get_running_loop().create_future()
        go_on.add(future)
        await future
        finished.append(True)

    tasks.start(work())
    await asyncio.sleep(0)
    gc.collect()
    assert (len(tasks), len(go_on)) == (1, 1)
    for future in go_on:
        future.set_result(None)
    await asyncio.gather(*tasks)
    assert (finished, len(tasks)) == ([True], 0)


async def test_whoever_wants_to_is_told_of_the_end() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    ended: list[asyncio.Task[None]] = []
    task = TaskSet().start(fail(), ended.append)
    with pytest.raises(ZeroDivisionError):
        await task
    assert ended == [task]


async def test_when_all_are_cancelled_all_have_ended() -> None:
    tasks, put_away = TaskSet(), []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            put_away.append(True)
            raise ZeroDivisionError

    for _ in range(2):
        tasks.start(work())
    await asyncio.sleep(0)
    await tasks.cancel()
    assert (put_away, len(tasks)) == ([True, True], 0)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_task_is_started_by_a_loop_itself(path: Path) -> None:
    """Ruff bans asyncio's functions (TID251), but does not recognise a loop's methods."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    started = [one for one in calls if isinstance(one, ast.Attribute) and one.attr in ("create_task", "ensure_future")]
    lines = [one.lineno for one in started if not (isinstance(one.value, ast.Name) and one.value.id == "asyncio")]
    assert lines == [], f"{path}: start it in a keyhole.net.tasks.TaskSet"
