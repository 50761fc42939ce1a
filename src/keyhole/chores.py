"""What the service does by itself beside serving: its clock, its sweeping, its watch over the drivers."""

import asyncio
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager

from keyhole.consoles import Consoles
from keyhole.errors import Unavailable
from keyhole.gateway.http_server import HttpServer
from keyhole.observe.observer import Observer
from keyhole.ports import HypervisorDriver, TokenStore
from keyhole.sessions import SWEEP_SECONDS, Sessions

FORGET_SECONDS = 600
WATCH_SECONDS = 30


@contextmanager
def running_chores(observer: Observer, *works: Coroutine[None, None, None]) -> Iterator[None]:
    """Runs chores beside the service; a defect in one is logged and stops that one only."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            observer.service_failed("chores", error)

    tasks = [asyncio.get_running_loop().create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def tick(sessions: Sessions, http: HttpServer) -> None:
    """The service's clock: once a second."""
    while True:
        http.tick()
        sessions.sweep()
        await asyncio.sleep(SWEEP_SECONDS)


async def sweep(consoles: Consoles, store: TokenStore, observer: Observer) -> None:
    """Forgets what expired long ago."""
    while True:
        try:
            await consoles.sweep()
            await store.sweep_tokens(time.time())
        except Unavailable as trouble:
            observer.service_trouble("store", str(trouble))
        await asyncio.sleep(FORGET_SECONDS)


async def watch(drivers: Sequence[HypervisorDriver], observer: Observer) -> None:
    """Tells of each trouble of a driver when it appears."""
    known: dict[str, set[str]] = {}
    while True:
        for driver in drivers:
            try:
                troubles = set(await driver.troubles())
            except Unavailable as trouble:
                troubles = {str(trouble)}
            for trouble_found in sorted(troubles - known.get(driver.name, set())):
                observer.service_trouble(driver.name, trouble_found)
            known[driver.name] = troubles
        await asyncio.sleep(WATCH_SECONDS)
