"""What the service does by itself beside serving: its clock, its sweeping, its watch over the drivers."""

import asyncio
import random
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress

from keyhole.core.links import Consoles
from keyhole.core.sessions.live import SWEEP_SECONDS, Sessions
from keyhole.core.sessions.registry import Register
from keyhole.core.tickets import Tickets
from keyhole.errors import SettingsError, Unavailable
from keyhole.gateway.http_server import HttpServer
from keyhole.net.certificate import Certificate
from keyhole.ports.drivers import HypervisorDriver
from keyhole.ports.stores import TokenStore
from keyhole.telemetry.telemetry import Observer

FORGET_SECONDS = 600
WATCH_SECONDS = 30

POLL_SECONDS = 0.4
"""How often sessions that are to be ended are looked for, while there are any."""

GATHER_SECONDS = 0.1
"""How long what is to be written down waits for more of it: one write costs as much for a hundred rows as for one."""

WATCH_SHARE = 20
"""Servers are listed to watch over them for a twentieth of the time at most, however long a driver takes."""


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
    """The service's clock: once a second, the sessions evenly over it."""
    clock = asyncio.get_running_loop().time
    while True:
        begun_at = clock()
        http.tick()
        for done in sessions.sweep():
            # A sweep that is late does not pause, and still lets others have their turn.
            await asyncio.sleep(max(0.0, begun_at + SWEEP_SECONDS * done - clock()))


async def refresh(certificate: Certificate | None, observer: Observer) -> None:
    """Takes a new certificate into use when its files are there: looks once a second."""
    while certificate is not None:
        await asyncio.sleep(1)
        try:
            if certificate.refresh():
                observer.certificate_changed()
        except SettingsError as trouble:
            observer.service_trouble("certificate", str(trouble))


async def keep_books(register: Register, tickets: Tickets, changed: asyncio.Event, observer: Observer) -> None:
    """Writes down live sessions and tickets, and ends the sessions that are to be ended."""
    told = ""
    begun = False
    while True:
        await asyncio.sleep(GATHER_SECONDS)
        changed.clear()
        try:
            if not begun:
                await register.end_unentitled()
                begun = True
            await register.work()
            await tickets.keep()
            told = ""
        except Unavailable as trouble:
            if str(trouble) != told:
                told = str(trouble)
                observer.service_trouble("store", told)
        with suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), POLL_SECONDS - GATHER_SECONDS if told or len(register) else None)


async def close_books(register: Register, tickets: Tickets, observer: Observer) -> None:
    """Writes down the end of everything, once the last session is over."""
    try:
        await tickets.keep()
        await register.close()
    except Unavailable as trouble:
        observer.service_trouble("store", str(trouble))


async def watch_servers(register: Register) -> None:
    """Ends the sessions on servers that are deleted."""
    clock = asyncio.get_running_loop().time
    while True:
        begun_at = clock()
        with suppress(Unavailable):
            await register.end_departed()
        await asyncio.sleep(max(POLL_SECONDS, WATCH_SHARE * (clock() - begun_at)))


async def watch_rights(register: Register, seconds: float, observer: Observer) -> None:
    """Ends the sessions of users whose rights are withdrawn; never where `seconds` is 0."""
    told = ""
    while seconds:
        # Workers that started together do not ask together.
        await asyncio.sleep(seconds * random.uniform(0.9, 1.1))  # noqa: S311
        review = await register.end_withdrawn()
        observer.rights_reviewed(review.standing, review.withdrawn, review.unknown)
        if review.trouble and review.trouble != told:
            observer.service_trouble("identity", review.trouble)
        told = review.trouble


async def sweep(
    consoles: Consoles, tickets: Tickets, register: Register, store: TokenStore, observer: Observer
) -> None:
    """Forgets what expired long ago."""
    while True:
        try:
            await consoles.sweep()
            await tickets.sweep()
            await register.sweep()
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
            observer.driver_troubles(driver.name, len(troubles))
        await asyncio.sleep(WATCH_SECONDS)
