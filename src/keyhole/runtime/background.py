"""What the service does by itself beside serving: its clock, its sweeping, its watch over the drivers."""

import asyncio
import random
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress

from keyhole.core.links import Links
from keyhole.core.sessions.live import SWEEP_SECONDS, Sessions
from keyhole.core.sessions.registry import SessionRegistry
from keyhole.core.tickets import Tickets
from keyhole.errors import SettingsError, Unavailable
from keyhole.gateway.http_server import HttpServer
from keyhole.net.certificate import Certificate
from keyhole.ports.drivers import HypervisorDriver
from keyhole.ports.stores import TokenStore
from keyhole.telemetry.telemetry import Telemetry

FORGET_SECONDS = 600
WATCH_SECONDS = 30

POLL_SECONDS = 0.4
"""How often sessions that are to be ended are looked for, while there are any."""

GATHER_SECONDS = 0.1
"""How long what is to be written down waits for more of it: one write costs as much for a hundred rows as for one."""

WATCH_SHARE = 20
"""Servers are listed to watch over them for a twentieth of the time at most, however long a driver takes."""


@contextmanager
def background_tasks(telemetry: Telemetry, *works: Coroutine[None, None, None]) -> Iterator[None]:
    """Runs chores beside the service; a defect in one is logged and stops that one only."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            telemetry.service_failed("chores", error)

    tasks = [asyncio.get_running_loop().create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def run_timers(sessions: Sessions, *servers: HttpServer) -> None:
    """The service's clock: once a second, the sessions evenly over it."""
    clock = asyncio.get_running_loop().time
    while True:
        begun_at = clock()
        for server in servers:
            server.tick()
        for done in sessions.sweep():
            # A sweep that is late does not pause, and still lets others have their turn.
            await asyncio.sleep(max(0.0, begun_at + SWEEP_SECONDS * done - clock()))


async def refresh_certificate(certificate: Certificate | None, telemetry: Telemetry) -> None:
    """Takes a new certificate into use when its files are there: looks once a second."""
    while certificate is not None:
        await asyncio.sleep(1)
        try:
            if certificate.refresh():
                telemetry.certificate_changed()
        except SettingsError as problem:
            telemetry.service_degraded("certificate", str(problem))


async def sync_sessions(
    registry: SessionRegistry, tickets: Tickets, changed: asyncio.Event, telemetry: Telemetry
) -> None:
    """Writes down live sessions and tickets, and ends the sessions that are to be ended."""
    told = ""
    begun = False
    while True:
        await asyncio.sleep(GATHER_SECONDS)
        changed.clear()
        try:
            if not begun:
                await registry.end_unentitled()
                begun = True
            await registry.work()
            await tickets.keep()
            told = ""
        except Unavailable as problem:
            if str(problem) != told:
                told = str(problem)
                telemetry.service_degraded("store", told)
        with suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), POLL_SECONDS - GATHER_SECONDS if told or len(registry) else None)


async def flush_sessions(registry: SessionRegistry, tickets: Tickets, telemetry: Telemetry) -> None:
    """Writes down the end of everything, once the last session is over."""
    try:
        await tickets.keep()
        await registry.close()
    except Unavailable as problem:
        telemetry.service_degraded("store", str(problem))


async def watch_deleted_servers(registry: SessionRegistry) -> None:
    """Ends the sessions on servers that are deleted."""
    clock = asyncio.get_running_loop().time
    while True:
        begun_at = clock()
        with suppress(Unavailable):
            await registry.end_departed()
        await asyncio.sleep(max(POLL_SECONDS, WATCH_SHARE * (clock() - begun_at)))


async def reauthorize(registry: SessionRegistry, seconds: float, telemetry: Telemetry) -> None:
    """Ends the sessions of users whose rights are withdrawn; never where `seconds` is 0."""
    told = ""
    while seconds:
        # Workers that started together do not ask together.
        await asyncio.sleep(seconds * random.uniform(0.9, 1.1))  # noqa: S311
        review = await registry.end_revoked()
        telemetry.reauthorized(review.allowed, review.revoked, review.unknown)
        if review.problem and review.problem != told:
            telemetry.service_degraded("identity", review.problem)
        told = review.problem


async def purge_expired(
    consoles: Links, tickets: Tickets, registry: SessionRegistry, store: TokenStore, telemetry: Telemetry
) -> None:
    """Forgets what expired long ago."""
    while True:
        try:
            await consoles.sweep()
            await tickets.sweep()
            await registry.sweep()
            await store.sweep_tokens(time.time())
        except Unavailable as problem:
            telemetry.service_degraded("store", str(problem))
        await asyncio.sleep(FORGET_SECONDS)


async def watch_drivers(drivers: Sequence[HypervisorDriver], telemetry: Telemetry) -> None:
    """Tells of each problem of a driver when it appears."""
    known: dict[str, set[str]] = {}
    while True:
        for driver in drivers:
            try:
                problems = set(await driver.check())
            except Unavailable as problem:
                problems = {str(problem)}
            for problem_found in sorted(problems - known.get(driver.name, set())):
                telemetry.service_degraded(driver.name, problem_found)
            known[driver.name] = problems
            telemetry.driver_problems(driver.name, len(problems))
        await asyncio.sleep(WATCH_SECONDS)
