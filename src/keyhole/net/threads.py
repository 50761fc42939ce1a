"""Threads for what blocks: files, hashes, libraries that know no event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

from keyhole.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

LOOP_THREADS = 32
"""How many threads a process has for blocking calls: that many may hang on a file system that does not answer."""

NO_THREAD = "No thread can be started for this at the moment."


class Threads(ThreadPoolExecutor):
    """An executor that refuses what it has no thread for."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Raises Unavailable where no thread can be started, or the executor is shut down."""
        work = _Work(fn)
        try:
            return super().submit(work, *args, **kwargs)
        except RuntimeError as error:
            # It stays in the queue of the executor, and is run should there be a thread again.
            work.call = None
            raise Unavailable(NO_THREAD) from error


async def prepare_threads() -> None:
    """Gives the running loop its threads.

    Those that resolve host names are started now: libuv makes them at the first name, and aborts the process with all
    its sessions where it cannot.
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
