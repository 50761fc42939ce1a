"""Processes of ours: started, watched and ended by their own ids."""

import multiprocessing
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

SPAWN = multiprocessing.get_context("spawn")
END_SECONDS = 10.0


class BenchError(Exception):
    """A measurement cannot be made; the text says why."""


class Count(IntEnum):
    """What the target and the viewers count."""

    OPENED = 0
    FAILED = 1
    BYTES = 2
    MESSAGES = 3
    MICROSECONDS = 4  # how long it took, once it is over
    P50_MICROSECONDS = 5  # what half of them took at least
    P99_MICROSECONDS = 6  # what one of a hundred took at least


class Counters:
    """Numbers that a child writes and its parent reads, without a message between them."""

    def __init__(self) -> None:
        self._values = SPAWN.RawArray("q", len(Count))

    def __getitem__(self, count: Count) -> int:
        return int(self._values[count])

    def values(self) -> dict[Count, int]:
        """All of them, as they are now."""
        return {count: self[count] for count in Count}

    def __setitem__(self, count: Count, value: int) -> None:
        self._values[count] = value


@dataclass(frozen=True, slots=True)
class Worker:
    """A process of ours that counts what it does."""

    process: BaseProcess
    counters: Counters

    def wait_for(self, count: Count, least: int, seconds: float, what: str) -> None:
        """Waits until it has counted so many. Raises BenchError when it does not in time, or ended before."""
        wait_until(lambda: self.counters[count] >= least, seconds, what, lambda: self.process.exitcode is not None)


@contextmanager
def worker(work: Callable[..., None], *arguments: Any) -> Iterator[Worker]:
    """Runs `work(*arguments, counters)` in a process that ends when the context is left or its parent is gone."""
    counters = Counters()
    process = SPAWN.Process(target=_work, args=(work, *arguments, counters), daemon=True)
    process.start()
    try:
        yield Worker(process, counters)
    finally:
        process.terminate()
        process.join(END_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


@contextmanager
def program(command: list[str], directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a command in a session of its own; when the context is left all of that session is ended."""
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def wait_until(
    reached: Callable[[], bool], seconds: float, what: str, ended: Callable[[], bool] = lambda: False
) -> None:
    """Waits for a condition. Raises BenchError when it is not reached in time, or cannot be since `ended`."""
    deadline = time.monotonic() + seconds
    while not reached():
        if ended() and not reached():
            raise BenchError(f"{what}: the process ended")
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not within {seconds:g} seconds")
        time.sleep(0.02)


def _work(work: Callable[..., None], *arguments: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is for the parent, which ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
