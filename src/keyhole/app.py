"""The composition root: makes every part from the settings, joins them, and runs the service until it is told to stop.

Nothing here decides anything about consoles; no part below knows another except as an argument.
"""

import asyncio
import os
import socket
import ssl
import stat
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from keyhole import __version__, config
from keyhole.addresses import origin_of
from keyhole.api.application import ApiServices, create_application
from keyhole.api.pages import load_pages
from keyhole.config import Settings
from keyhole.consoles import Consoles, GrantRules
from keyhole.errors import SettingsError
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.front_door import FrontDoor
from keyhole.gateway.http_server import HttpServer
from keyhole.gateway.session import SessionParts
from keyhole.identity.embedded import EmbeddedIdentity
from keyhole.identity.names import project_id_of
from keyhole.model import Address, TcpAddress, UnixAddress
from keyhole.observe.observer import Observer
from keyhole.ports import DriverContext, HypervisorDriver
from keyhole.servers import Servers
from keyhole.sessions import SessionLimits, Sessions
from keyhole.store.sql import SqlStore

DRIVERS_GROUP = "keyhole.drivers"
BACKLOG = 4096
SWEEP_STORE_SECONDS = 600


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


@asynccontextmanager
async def running(settings: Settings, observer: Observer) -> AsyncIterator[Service]:
    """Runs the service while the context lasts. Raises SettingsError when it cannot start."""
    choices = chosen_drivers(settings)
    tls = _tls_context(settings)
    pages = load_pages(Path(str(files("keyhole") / "static")))
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(_listener(settings.listen_address))
        store = await stack.enter_async_context(SqlStore.open(settings.store.url))
        identity = EmbeddedIdentity(settings.identity, store, time.time)
        drivers: list[HypervisorDriver] = [
            await stack.enter_async_context(choice.driver(choice.settings, DriverContext(project_id_of)))
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
                allowed_origins=origins,
                servers=servers,
                consoles=consoles,
                identity=identity,
                issuer=identity,
                observer=observer,
                drivers=drivers,
                store_troubles=store.troubles,
                pages=pages,
                clock=time.time,
                lifetime_seconds=settings.tokens.lifetime_seconds,
            )
        )
        deadlines = Deadlines()
        http = HttpServer(application, observer, deadlines)
        door = FrontDoor(SessionParts(consoles, sessions, observer, origins, loop.time, deadlines), http)
        server = await _listen(listener, door, tls)
        ticker = loop.create_task(_tick(sessions, http, consoles, store.sweep_tokens))
        observer.service_started(settings.public_url, listen=settings.server.listen, version=__version__)
        try:
            yield Service(settings.public_url, consoles, servers)
        finally:
            ticker.cancel()
            await door.close(server)
            observer.service_stopped()


async def _tick(sessions: Sessions, http: HttpServer, consoles: Consoles, sweep_tokens: Callable[[float], Any]) -> None:
    """The one clock of the service: once a second."""
    next_sweep = 0.0
    while True:
        http.tick()
        sessions.sweep()
        if (now := time.monotonic()) >= next_sweep:
            next_sweep = now + SWEEP_STORE_SECONDS
            await consoles.sweep()
            await sweep_tokens(time.time())
        await asyncio.sleep(1)


async def _listen(listener: socket.socket, door: FrontDoor, tls: ssl.SSLContext | None) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if listener.family == socket.AF_UNIX:
        return await loop.create_unix_server(door.protocol, sock=listener, ssl=tls, backlog=BACKLOG)
    return await loop.create_server(door.protocol, sock=listener, ssl=tls, backlog=BACKLOG)


@contextmanager
def _listener(address: Address) -> Iterator[socket.socket]:
    """A bound socket. Raises SettingsError when the address cannot be had."""
    try:
        match address:
            case TcpAddress(host, port):
                family, _, _, _, place = socket.getaddrinfo(
                    host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
                )[0]
                listener = socket.socket(family, socket.SOCK_STREAM)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(place)
            case UnixAddress(path):
                _remove_dead_socket(path)
                listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                listener.bind(path)
    except OSError as error:
        raise SettingsError(f"server.listen: cannot listen on {address}: {error.strerror}") from error
    try:
        yield listener
    finally:
        listener.close()
        if isinstance(address, UnixAddress):
            Path(address.path).unlink(missing_ok=True)


def _remove_dead_socket(path: str) -> None:
    """Takes away a socket that an ended process left behind; a live one stays and makes `bind` fail."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()


def _tls_context(settings: Settings) -> ssl.SSLContext | None:
    certificate, key = settings.server.tls_certificate, settings.server.tls_key
    if certificate is None or key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"server.tls_certificate: cannot be used: {error.strerror or error}") from error
    return context
