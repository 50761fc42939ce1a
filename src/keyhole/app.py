"""The composition root: makes every part from the settings, joins them, and runs the service until it is told to stop.

Nothing here decides anything about consoles; no part below knows another except as an argument.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from keyhole import __version__, config
from keyhole.addresses import origin_of, parse_proxies
from keyhole.api.application import ApiServices, create_application
from keyhole.api.pages import load_pages
from keyhole.chores import running_chores, sweep, tick, watch
from keyhole.config import Settings
from keyhole.consoles import Consoles, GrantRules
from keyhole.errors import SettingsError
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.front_door import FrontDoor
from keyhole.gateway.http_server import HttpServer
from keyhole.gateway.listener import bound_socket, listen, tls_context
from keyhole.gateway.session import SessionParts
from keyhole.identity.backends import check_settings, open_backend
from keyhole.observe.observer import Observer
from keyhole.ports import DriverContext, HypervisorDriver
from keyhole.servers import Servers
from keyhole.sessions import SessionLimits, Sessions
from keyhole.store.sql import SqlStore

DRIVERS_GROUP = "keyhole.drivers"


@dataclass(frozen=True, slots=True)
class DriverChoice:
    """A driver that the settings name: its class (from its entry point) and its own checked section."""

    name: str
    driver: Callable[[Any, DriverContext], Any]
    settings: BaseModel


@dataclass(frozen=True, slots=True)
class Service:
    """The running service, for those who start it in their own process."""

    url: str
    consoles: Consoles
    servers: Servers


def chosen_drivers(settings: Settings) -> list[DriverChoice]:
    """The drivers in use, their sections checked. Raises SettingsError naming the section."""
    known = {entry.name: entry for entry in entry_points(group=DRIVERS_GROUP)}
    sections: dict[str, dict[str, Any]] = {}
    if settings.servers:
        sections["static"] = {"servers": settings.servers}
    for name, section in settings.drivers.items():
        if name not in known or name == "static":
            names = ", ".join(sorted(set(known) - {"static"}))
            raise SettingsError(f"drivers.{name}: there is no such driver; known are {names}")
        sections[name] = section
    choices = []
    for name, section in sections.items():
        driver = known[name].load()
        try:
            choices.append(DriverChoice(name, driver, driver.Settings.model_validate(section)))
        except ValidationError as error:
            raise SettingsError(f"drivers.{name}.{config.describe(error)}") from error
    return choices


def check(settings: Settings) -> list[str]:
    """Everything that can be wrong with the settings without starting anything; returns the drivers' names.

    Raises SettingsError.
    """
    choices = chosen_drivers(settings)
    tls_context(settings.server.tls_certificate, settings.server.tls_key)
    project_id_of = check_settings(settings.identity)
    for choice in choices:
        choice.driver(choice.settings, DriverContext(project_id_of))
    return [choice.name for choice in choices]


@asynccontextmanager
async def running(settings: Settings, observer: Observer) -> AsyncIterator[Service]:
    """Runs the service while the context lasts. Raises SettingsError when it cannot start."""
    choices = chosen_drivers(settings)
    tls = tls_context(settings.server.tls_certificate, settings.server.tls_key)
    pages = load_pages(Path(str(files("keyhole") / "static")))
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(bound_socket(settings.listen_address))
        store = await stack.enter_async_context(SqlStore.open(settings.store.url))
        identity = await stack.enter_async_context(
            open_backend(settings.identity, settings.public_url, store, time.time)
        )
        drivers: list[HypervisorDriver] = [
            await stack.enter_async_context(choice.driver(choice.settings, DriverContext(identity.project_id_of)))
            for choice in choices
        ]
        servers = Servers(drivers)
        rules = GrantRules(settings.tokens.lifetime_seconds, settings.tokens.reuse == "until_expiry")
        consoles = Consoles(servers, store, rules, settings.public_url, time.time)
        limits = SessionLimits(
            settings.sessions.idle_seconds,
            settings.sessions.maximum_seconds,
            settings.console.max_sessions_per_server,
        )
        sessions = Sessions(limits, observer, loop.time)
        origins = frozenset({origin_of(settings.public_url), *settings.console.allowed_origins})
        application = create_application(
            ApiServices(
                public_url=settings.public_url,
                identity_url=identity.url,
                allowed_origins=origins,
                frame_ancestors=frozenset(settings.console.framing_origins),
                servers=servers,
                consoles=consoles,
                identity=identity.provider,
                issuer=identity.issuer,
                credentials=identity.credentials,
                proxies=parse_proxies(settings.server.trusted_proxies),
                observer=observer,
                drivers=drivers,
                store_troubles=store.troubles,
                pages=pages,
                clock=time.time,
            )
        )
        deadlines = Deadlines()
        http = HttpServer(application, observer, deadlines)
        door = FrontDoor(SessionParts(consoles, sessions, observer, origins, loop.time, deadlines), http)
        server = await listen(listener, door, tls)
        stack.enter_context(
            running_chores(
                observer,
                tick(sessions, http),
                sweep(consoles, store, observer),
                watch(drivers, observer),
            )
        )
        observer.service_started(settings.public_url, listen=settings.server.listen, version=__version__)
        try:
            yield Service(settings.public_url, consoles, servers)
        finally:
            await door.close(server)
            observer.service_stopped()
