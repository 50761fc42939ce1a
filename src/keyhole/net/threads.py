"""Threads for blocking calls: files, hashes, libraries without support for event loops."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from keyhole.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

LOOP_THREADS = 32
"""How many threads a process has for blocking calls, some of which may hang on an unresponsive file system."""

NO_THREAD = "No thread can be started for this at the moment."


class Threads(ThreadPoolExecutor):
    """An executor that refuses calls for which no thread can be started."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Raises Unavailable if no thread can be started or the executor is shut down."""
        work = _Work(fn)
        try:
            return super().submit(work, *args, **kwargs)
        except RuntimeError as error:
            # It stays in the executor's queue, and runs if a thread can be started later.
            work.call = None
            raise Unavailable(NO_THREAD) from error


async def prepare_threads() -> None:
    """Sets the running loop's executor.

    The threads that resolve host names are started now: libuv would create them for the first name, and abort the
    process with all its sessions if it cannot.
    """
    loop = asyncio.get_running_loop()
    loop.set_default_executor(Threads(LOOP_THREADS, thread_name_prefix="loop"))
    with suppress(OSError):
        await loop.getaddrinfo("localhost", None)


class _Work:
    def __init__(self, call: Callable[..., Any]) -> None:
        self.call: Callable[..., Any] | None = call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return None if self.call is None else self.call(*args, **kwargs)
