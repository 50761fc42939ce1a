"""Background tasks, kept until they are done."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any


class TaskSet:
    """Owns the tasks that it starts: the event loop keeps no strong reference, so a task could be garbage-collected.

    `done` is called with each task when it ends, by its result, a failure or cancellation. Without it, a failure is
    raised where the task is awaited, or else passed to the loop's exception handler.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[asyncio.Task[None]]:
        """The tasks that still run."""
        return iter(tuple(self._tasks))

    def start(
        self, work: Coroutine[Any, Any, None], done: Callable[[asyncio.Task[None]], object] | None = None
    ) -> asyncio.Task[None]:
        task = asyncio.create_task(work)  # noqa: TID251  # kept here
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if done is not None:
            task.add_done_callback(done)
        return task

    async def cancel(self) -> None:
        """Cancels the running tasks and waits until they have ended. Does not raise their failures."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
