"""The service's background tasks: timers, deleting expired data, watching drivers and users' rights."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType

from keyhole.core.links import Links
from keyhole.core.servers import Servers
from keyhole.core.sessions.deleted_servers import end_sessions_on_deleted
from keyhole.core.sessions.live import SWEEP_SECONDS, Sessions
from keyhole.core.sessions.reauthorization import Reauthorization
from keyhole.core.sessions.services import SessionServices
from keyhole.errors import SettingsError, Unavailable
from keyhole.gateway.http_server import HttpServer
from keyhole.net.certificate import Certificate
from keyhole.ports.drivers import HypervisorDriver
from keyhole.ports.stores import TokenStore
from keyhole.supervisor.backoff import Backoff
from keyhole.telemetry.telemetry import Telemetry

FORGET_SECONDS = 600
WATCH_SECONDS = 30

POLL_SECONDS = 0.4
"""How often to check for sessions that must end, while there are any sessions."""

GATHER_SECONDS = 0.1
"""How long changes are collected before they are stored: one write costs as much for a hundred rows as for one."""

WATCH_SHARE = 20
"""At most a twentieth of the time is spent on listing servers, however long a driver takes."""


STEADY_SECONDS = 10.0
"""A task that failed counts as recovered once it has run for this long."""


Work = Callable[[], Coroutine[None, None, None]]
"""What a background task runs, from the beginning each time."""


class BackgroundTasks:
    """Runs the service's background tasks, and restarts those that a defect ended."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._defects: dict[str, str] = {}
        self.defects: Mapping[str, str] = MappingProxyType(self._defects)
        """A sentence for each task that failed recently, by the task's name; it contains no data of the task."""

    @contextmanager
    def running(self, **works: Work) -> Iterator[None]:
        """Runs these tasks, by name, while the context lasts."""
        tasks = [asyncio.create_task(self._run(name, work)) for name, work in works.items()]  # noqa: TID251  # ended below
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()

    async def _run(self, name: str, work: Work) -> None:
        loop = asyncio.get_running_loop()
        backoff = Backoff(loop.time)
        while True:
            steady = loop.call_later(STEADY_SECONDS, self._defects.pop, name, None)
            try:
                return await work()
            except Exception as error:
                self._defects[name] = f"the background task {name} failed ({type(error).__name__}; see the log)"
                self._telemetry.service_failed(name, error)
            finally:
                steady.cancel()
            await asyncio.sleep(backoff.died())
            backoff.started()


async def run_timers(sessions: Sessions, *servers: HttpServer) -> None:
    """The service's timer: checks the sessions once a second, spread evenly over it."""
    clock = asyncio.get_running_loop().time
    while True:
        begun_at = clock()
        for server in servers:
            server.tick()
        for done in sessions.sweep():
            # A sweep that is late does not pause, but still lets other tasks run.
            await asyncio.sleep(max(0.0, begun_at + SWEEP_SECONDS * done - clock()))


async def refresh_certificate(certificate: Certificate | None, telemetry: Telemetry) -> None:
    """Starts using a new certificate when its files have changed: checks once a second."""
    while certificate is not None:
        await asyncio.sleep(1)
        try:
            if certificate.refresh():
                telemetry.certificate_changed()
        except SettingsError as problem:
            telemetry.service_degraded("certificate", str(problem))


async def sync_sessions(services: SessionServices, telemetry: Telemetry) -> None:
    """Stores live sessions and tickets, and ends the sessions that must end."""
    reported = ""
    begun = False
    while True:
        await asyncio.sleep(GATHER_SECONDS)
        services.changed.clear()
        try:
            if not begun:
                await services.reauthorization.end_unentitled()
                begun = True
            await services.heartbeat.work()
            await services.tickets.flush()
            reported = ""
        except Unavailable as problem:
            if str(problem) != reported:
                reported = str(problem)
                telemetry.service_degraded("store", reported)
        with suppress(TimeoutError):
            await asyncio.wait_for(
                services.changed.wait(), POLL_SECONDS - GATHER_SECONDS if reported or len(services.live) else None
            )


async def flush_sessions(services: SessionServices, telemetry: Telemetry) -> None:
    """Stores the final state, once the last session has ended."""
    try:
        await services.tickets.flush()
        await services.heartbeat.close()
    except Unavailable as problem:
        telemetry.service_degraded("store", str(problem))


async def watch_deleted_servers(services: SessionServices) -> None:
    """Ends the sessions on deleted servers."""
    clock = asyncio.get_running_loop().time
    while True:
        begun_at = clock()
        with suppress(Unavailable):
            await end_sessions_on_deleted(services.live, services.deleted_servers)
        await asyncio.sleep(max(POLL_SECONDS, WATCH_SHARE * (clock() - begun_at)))


async def reauthorize(reauthorization: Reauthorization, seconds: float, telemetry: Telemetry) -> None:
    """Ends the sessions of users whose rights are revoked; never if `seconds` is 0."""
    reported = ""
    while seconds:
        # Workers that started together do not check together.
        await asyncio.sleep(seconds * random.uniform(0.9, 1.1))  # noqa: S311
        review = await reauthorization.end_revoked()
        telemetry.reauthorized(review.allowed, review.revoked, review.unknown)
        if review.problem and review.problem != reported:
            telemetry.service_degraded("identity", review.problem)
        reported = review.problem


async def purge_expired(consoles: Links, services: SessionServices, store: TokenStore, telemetry: Telemetry) -> None:
    """Deletes what expired long ago."""
    while True:
        try:
            await consoles.sweep()
            await services.tickets.sweep()
            await services.registry.sweep()
            await store.sweep_tokens(time.time())
        except Unavailable as problem:
            telemetry.service_degraded("store", str(problem))
        await asyncio.sleep(FORGET_SECONDS)


async def watch_drivers(servers: Servers, drivers: Sequence[HypervisorDriver], telemetry: Telemetry) -> None:
    """Logs each problem of a driver when it appears."""
    known: dict[str, set[str]] = {}
    while True:
        for driver in drivers:
            try:
                problems = set(await servers.sentences(driver))
            except Unavailable as problem:
                problems = {str(problem)}
            for problem_found in sorted(problems - known.get(driver.name, set())):
                telemetry.service_degraded(driver.name, problem_found)
            known[driver.name] = problems
            telemetry.driver_problems(driver.name, len(problems))
        await asyncio.sleep(WATCH_SECONDS)
