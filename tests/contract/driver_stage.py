"""What the suites for drivers work on: a driver with servers behind it, and how to see what a call left behind."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from traceback import TracebackException

from pydantic import SecretStr
from tests.fakes.rfb_viewer import open_stream
from tests.fakes.waiting import until

from keyhole.errors import KeyholeError
from keyhole.model import Handed, Protocol, Target
from keyhole.ports.drivers import Caller, DriverContext, HypervisorDriver

CONTEXT = DriverContext("kvm-west", lambda name: f"id of {name}")
PROJECT = "demo"
PASSWORD = "se5ame"
"""The password of a stage's VNC console, where its driver knows passwords."""
CREDENTIAL = "gAAAA-the-callers-token"
CALLER = Caller("u1", "alice", CONTEXT.project_id_of(PROJECT), SecretStr(CREDENTIAL))


@dataclass(frozen=True)
class Stage:
    """A driver with one server of PROJECT, all of whose consoles answer; `log` gives its serial log so far."""

    driver: HypervisorDriver
    server_id: str
    protocols: frozenset[Protocol]
    log: Callable[[], bytes]


@dataclass(frozen=True)
class Broken:
    """A driver one of whose targets is gone, and what names that in a problem."""

    driver: HypervisorDriver
    named: str


async def held() -> tuple[int, int, int]:
    """How many descriptors, tasks and threads (but the loop's own) there are, once what was closed is gone."""
    for _ in range(20):
        await asyncio.sleep(0)
    threads = [thread for thread in threading.enumerate() if not thread.name.startswith(("asyncio_", "uvloop_"))]
    return len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks()), len(threads)


async def until_held(before: tuple[int, int, int]) -> None:
    """Waits until no more is held than before: a thread may end later than what it was started for."""

    async def is_as_before() -> bool:
        return await held() == before

    await until(is_as_before)


@asynccontextmanager
async def dialled(target: Target) -> AsyncIterator[None]:
    """A connection to a console."""
    if isinstance(target.route, Handed):
        with target.route.line:
            yield
        return
    _, writer = await open_stream(target.route.address)
    try:
        yield
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def knock(target: Target) -> None:
    """Connects to a console and leaves."""
    async with dialled(target):
        pass


async def told(call: Awaitable[object]) -> str:
    """All that a call's answer, or its failure with each frame's variables, has to show to a log."""
    try:
        return repr(await call)
    except KeyholeError as failure:
        return "".join(TracebackException.from_exception(failure, capture_locals=True).format())
