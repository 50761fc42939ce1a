"""Background tasks: kept alive until they end, and never failing unseen.

asyncio itself holds tasks weakly, and tells of an exception in one only when the task is collected. It must not know
what the tasks do.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


class TaskSet:
    """The tasks of one owner. A failure goes to `report(where, error)`, cancellation is none; others run on."""

    def __init__(self, where: str, report: Callable[[str, BaseException], None]) -> None:
        self._where = where
        self._report = report
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, ResultT]) -> asyncio.Task[ResultT]:
        """Runs `work` beside what runs already, on the running loop."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def cancel(self) -> None:
        """Asks every task to end; it does so when the loop runs on."""
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """Cancels every task and waits until all have ended."""
        self.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._report(self._where, error)
