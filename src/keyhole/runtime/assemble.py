"""Joins all parts of the service. The store, the identity service, the drivers and the clocks are arguments.

There is no logic about consoles here; the parts only know each other as arguments.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from starlette.types import ASGIApp

from keyhole.api.application import ApiServices, create_admin_application, create_application
from keyhole.api.pages import Page
from keyhole.api.readiness import Readiness
from keyhole.config import Settings
from keyhole.core.links import Links
from keyhole.core.server_index import ServerIndex
from keyhole.core.servers import Servers
from keyhole.core.sessions import services as session_services
from keyhole.core.sessions.services import Clocks, SessionServices
from keyhole.core.token_resolvers import TokenResolvers
from keyhole.gateway.admission import Entrance
from keyhole.gateway.dial.leases import Leases
from keyhole.gateway.dial_queue import DialQueue
from keyhole.gateway.front_door import FrontDoor
from keyhole.gateway.http_server import HttpServer
from keyhole.gateway.listener import Listener
from keyhole.gateway.session import SessionParts, open_session
from keyhole.identity.backends import IdentityBackend
from keyhole.identity.login_throttle import LoginThrottle
from keyhole.net.certificate import Certificate
from keyhole.ports.drivers import HypervisorDriver
from keyhole.ports.stores import Store
from keyhole.runtime.background import BackgroundTasks, flush_sessions
from keyhole.runtime.limits import Limits
from keyhole.telemetry.exposition import families_of
from keyhole.telemetry.samples import Family
from keyhole.telemetry.telemetry import Telemetry

DRAIN_POLL_SECONDS = 0.2

Count = Callable[[], Awaitable[Sequence[Family]]]


@dataclass(frozen=True, slots=True)
class Ports:
    """What the service depends on, already open.

    `count` returns the metrics of the whole service, None if this process is the whole service. With a `certificate`,
    the public port speaks TLS.
    """

    store: Store
    identity: IdentityBackend
    drivers: Sequence[HypervisorDriver]
    telemetry: Telemetry
    clocks: Clocks
    pages: Mapping[str, Page]
    certificate: Certificate | None = None
    count: Count | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """The service's parts, joined. `session_parts` are what a session is opened with."""

    url: str
    index: ServerIndex
    servers: Servers
    consoles: Links
    sessions: SessionServices
    api: ApiServices
    application: ASGIApp
    session_parts: SessionParts
    door: FrontDoor
    listener: Listener
    admin_door: FrontDoor
    admin_listener: Listener
    tasks: BackgroundTasks
    throttle: LoginThrottle
    telemetry: Telemetry

    async def accept(self, sockets: Iterable[socket.socket], admin_sockets: Iterable[socket.socket] = ()) -> None:
        """Accepts connections on these sockets, which the caller still owns, and on no others."""
        await self.admin_listener.accept(admin_sockets)
        await self.listener.accept(sockets)
        self.telemetry.worker_serves()

    async def retire(self) -> None:
        """Stops accepting connections; existing ones continue."""
        await self.listener.accept(())
        await self.admin_listener.accept(())
        self.telemetry.worker_retired()
        self.door.retire()
        self.admin_door.retire()

    async def drain(self, seconds: float | None) -> None:
        """Returns when the last session has ended, or after this many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.door.is_busy:  # noqa: ASYNC110  # sessions end in many ways, and this is the last one
                    await asyncio.sleep(DRAIN_POLL_SECONDS)

    async def close(self) -> None:
        """Ends every session by its name, and stores the final state once the last connection is gone."""
        await self.door.close(self.listener)
        await self.admin_door.close(self.admin_listener)
        await self.session_parts.leases.close()
        await flush_sessions(self.sessions, self.telemetry)


def assemble(
    settings: Settings,
    limits: Limits,
    ports: Ports,
    application: Callable[[ApiServices], ASGIApp] = create_application,
) -> Service:
    """All parts, joined. Nothing runs yet, and nothing is accepted.

    `limits` may be other than the settings'. `application` makes what answers requests for API and pages.
    """
    index = ServerIndex(ports.drivers)
    servers = Servers(index)
    consoles = Links(servers, ports.store, limits.grants, settings.public_url, ports.clocks.wall)
    sessions = session_services.assemble(
        ports.store,
        consoles,
        index,
        ports.identity.provider,
        limits.sessions,
        limits.tickets,
        ports.telemetry,
        ports.clocks,
        shared=settings.server.workers > 1,
    )
    tasks = BackgroundTasks(ports.telemetry)
    services = _api_services(settings, ports, servers, consoles, sessions, tasks)
    parts = _session_parts(settings, limits, ports, consoles, sessions)
    answers = application(services)
    http, admin_http = _http_servers(settings, limits, services, answers)
    door = FrontDoor(
        http,
        sessions.live,
        ports.telemetry,
        limits.deadlines,
        limits.handshakes,
        partial(open_session, parts),
        limits.streams,
        settings.server.proxies,
        settings.public_url,
    )
    admin_door = FrontDoor(admin_http, sessions.live, ports.telemetry, limits.deadlines, limits.handshakes)
    return Service(
        settings.public_url,
        index,
        servers,
        consoles,
        sessions,
        services,
        answers,
        parts,
        door,
        Listener(door, ports.certificate),
        admin_door,
        Listener(admin_door, None),
        tasks,
        ports.identity.throttle,
        ports.telemetry,
    )


def _api_services(
    settings: Settings,
    ports: Ports,
    servers: Servers,
    consoles: Links,
    sessions: SessionServices,
    tasks: BackgroundTasks,
) -> ApiServices:
    identity = ports.identity
    return ApiServices(
        public_url=settings.public_url,
        identity_url=identity.url,
        allowed_origins=settings.allowed_origins,
        frame_ancestors=frozenset(settings.console.framing_origins),
        servers=servers,
        consoles=consoles,
        tickets=sessions.tickets,
        registry=sessions.registry,
        revocations=ports.store,
        accesses=ports.store,
        identity=identity.provider,
        login=identity.login,
        issuer=identity.issuer,
        credentials=identity.credentials,
        proxies=settings.server.proxies,
        telemetry=ports.telemetry,
        readiness=Readiness(
            ports.store.check,
            identity.provider.check,
            {driver.name: partial(servers.sentences, driver) for driver in ports.drivers},
            lambda: tasks.defects.values(),
        ),
        pages=ports.pages,
        clock=ports.clocks.wall,
        count=ports.count or partial(_own_count, ports.telemetry),
    )


def _session_parts(
    settings: Settings, limits: Limits, ports: Ports, consoles: Links, sessions: SessionServices
) -> SessionParts:
    entrance = Entrance(
        TokenResolvers([consoles]),
        consoles,
        sessions.tickets,
        sessions.registry,
        settings.allowed_origins,
        secure=settings.public_url.startswith("https:"),
    )
    return SessionParts(
        entrance,
        sessions.live,
        ports.telemetry,
        Leases(ports.telemetry),
        ports.clocks.monotonic,
        limits.deadlines,
        streams=limits.streams,
        dial_queue=DialQueue(limits.dials_per_server),
    )


def _http_servers(
    settings: Settings, limits: Limits, services: ApiServices, application: ASGIApp
) -> tuple[HttpServer, HttpServer]:
    """The public one, and the admins'."""
    telemetry, deadlines, head_bytes = services.telemetry, limits.deadlines, limits.head_bytes
    http = HttpServer(application, telemetry, deadlines, head_bytes, limits.connections_per_address)
    admin = create_admin_application(services, settings.host_names | {socket.gethostname().lower()})
    return http, HttpServer(admin, telemetry, deadlines, head_bytes, descriptors=http.descriptors)


async def _own_count(telemetry: Telemetry) -> list[Family]:
    return families_of(telemetry.registry)
