"""The composition root: opens what the settings name, has all parts joined, and runs the service in this process."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib.resources import files
from pathlib import Path

from keyhole.api.pages import load_pages
from keyhole.config import Settings
from keyhole.core.sessions.services import Clocks
from keyhole.identity.backends import check_settings, open_backend
from keyhole.identity.login_throttle import LoginResult, LoginThrottle
from keyhole.net.certificate import certificate_of
from keyhole.ports.drivers import DriverContext
from keyhole.runtime.assemble import Count, Ports, Service, assemble
from keyhole.runtime.background import (
    Work,
    purge_expired,
    reauthorize,
    refresh_certificate,
    run_timers,
    sync_sessions,
    watch_deleted_servers,
    watch_drivers,
)
from keyhole.runtime.drivers import chosen_drivers
from keyhole.runtime.limits import Limits
from keyhole.store.sql.store import SqlStore
from keyhole.telemetry.telemetry import Telemetry


def check(settings: Settings) -> list[str]:
    """Checks the settings as far as possible without starting anything; returns the drivers' names.

    Raises SettingsError.
    """
    choices = chosen_drivers(settings)
    certificate_of(settings.server.tls_certificate, settings.server.tls_key)
    project_id_of = check_settings(settings.identity)
    for choice in choices:
        choice.make(DriverContext(choice.name, project_id_of))
    return [choice.name for choice in choices]


@asynccontextmanager
async def running(
    settings: Settings,
    telemetry: Telemetry,
    count: Count | None = None,
    broadcast: Callable[[LoginResult], None] = lambda _: None,
) -> AsyncIterator[Service]:
    """Runs the service while the context lasts; it accepts no connections until it is given sockets.

    `count` returns the metrics of the whole service, None if this process is the whole service; `broadcast` reports
    sign-in attempts to other workers. Raises SettingsError when it cannot start.
    """
    async with _opened(settings, telemetry, count, broadcast) as ports:
        service = assemble(settings, Limits.of(settings), ports)
        loop = asyncio.get_running_loop()
        telemetry.serving(service.door.handshakes, lambda: len(asyncio.all_tasks(loop)))
        with service.tasks.running(**_background_work(settings, ports, service)):
            try:
                yield service
            finally:
                await service.close()


@asynccontextmanager
async def _opened(
    settings: Settings, telemetry: Telemetry, count: Count | None, broadcast: Callable[[LoginResult], None]
) -> AsyncIterator[Ports]:
    """The store, the identity service and the drivers of the settings, while the context lasts."""
    choices = chosen_drivers(settings)
    certificate = certificate_of(settings.server.tls_certificate, settings.server.tls_key)
    pages = load_pages(Path(str(files("keyhole") / "static")))
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(SqlStore.open(settings.store.url))
        for warning in store.warnings:
            telemetry.service_degraded("store", warning)
        throttle = LoginThrottle(time.monotonic, broadcast)
        identity = await stack.enter_async_context(
            open_backend(settings.identity, settings.public_url, store, time.time, throttle)
        )
        drivers = [
            await stack.enter_async_context(choice.make(DriverContext(choice.name, identity.project_id_of)))
            for choice in choices
        ]
        clocks = Clocks(asyncio.get_running_loop().time, time.time)
        yield Ports(store, identity, drivers, telemetry, clocks, pages, certificate, count)


def _background_work(settings: Settings, ports: Ports, service: Service) -> dict[str, Work]:
    """What the service does on its own, by name."""
    telemetry, certificate, sessions = ports.telemetry, ports.certificate, service.sessions
    seconds = settings.sessions.reauthorize_seconds
    return {
        "run_timers": partial(run_timers, sessions.live, service.door.http, service.admin_door.http),
        "sync_sessions": partial(sync_sessions, sessions, telemetry),
        "watch_deleted_servers": partial(watch_deleted_servers, sessions),
        "reauthorize": partial(reauthorize, sessions.reauthorization, seconds, telemetry),
        "purge_expired": partial(purge_expired, service.consoles, sessions, ports.store, telemetry),
        "watch_drivers": partial(watch_drivers, service.servers, ports.drivers, telemetry),
        **{f"servers_of_{driver.name}": partial(service.index.follow, driver) for driver in ports.drivers},
        "refresh_certificate": partial(refresh_certificate, certificate, telemetry),
    }
