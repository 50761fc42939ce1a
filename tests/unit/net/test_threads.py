"""Behaviour when no thread can be started."""

import asyncio
import subprocess
import sys
import threading

import pytest

from keyhole.errors import Unavailable
from keyhole.net.threads import Threads


def no_thread(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


async def test_work_is_done_in_a_thread() -> None:
    with Threads(1) as threads:
        asyncio.get_running_loop().set_default_executor(threads)
        assert await asyncio.to_thread(threading.get_ident) != threading.get_ident()
        with pytest.raises(RuntimeError, match="of the work itself"):
            await asyncio.to_thread(fails)


def fails() -> None:
    raise RuntimeError("of the work itself")


async def test_work_without_a_thread_is_refused_and_never_done(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    with Threads(1) as threads:
        asyncio.get_running_loop().set_default_executor(threads)
        with monkeypatch.context() as shortage:
            shortage.setattr(threading.Thread, "start", no_thread)
            with pytest.raises(Unavailable, match="No thread can be started"):
                await asyncio.to_thread(done.append, "refused")
        await asyncio.to_thread(done.append, "taken")
    assert done == ["taken"]


async def test_an_executor_that_is_shut_down_refuses() -> None:
    threads = Threads(1)
    threads.shutdown()
    with pytest.raises(Unavailable):
        await asyncio.get_running_loop().run_in_executor(threads, fails)


RESOLVES = """
import asyncio, os, uvloop
from keyhole.net.threads import prepare_threads

def threads():
    return len(os.listdir("/proc/self/task"))

async def main():
    few = threads()
    await prepare_threads()
    more = threads()
    await asyncio.get_running_loop().getaddrinfo("localhost", 80)
    print(few < more == threads())

uvloop.run(main())
"""


def test_the_threads_that_resolve_names_are_there_before_the_first_name() -> None:
    done = subprocess.run([sys.executable, "-c", RESOLVES], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "True\n"
