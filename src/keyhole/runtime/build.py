"""The composition root: builds every part from the settings, connects them, and runs the service in this process.

It contains no logic about consoles; the parts below only know each other as arguments.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path

from keyhole.api.application import ApiServices, create_admin_application, create_application
from keyhole.api.pages import load_pages
from keyhole.api.readiness import Readiness
from keyhole.config import Settings
from keyhole.core.limits import HandshakeLimits, StreamLimits, share_of
from keyhole.core.links import GrantRules, Links
from keyhole.core.server_index import ServerIndex
from keyhole.core.servers import Servers
from keyhole.core.sessions.live import SessionLimits
from keyhole.core.sessions.services import Clocks, assemble
from keyhole.core.tickets import TicketRules
from keyhole.core.token_resolvers import TokenResolvers
from keyhole.gateway.admission import Entrance
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.dial.leases import Leases
from keyhole.gateway.dial_queue import DialQueue
from keyhole.gateway.front_door import FrontDoor
from keyhole.gateway.http_server import HttpServer
from keyhole.gateway.listener import Listener
from keyhole.gateway.session import SessionParts, open_session
from keyhole.identity.backends import check_settings, open_backend
from keyhole.identity.login_throttle import LoginResult, LoginThrottle
from keyhole.net.addresses import origin_of
from keyhole.net.certificate import certificate_of
from keyhole.net.proxies import parse_proxies
from keyhole.ports.drivers import DriverContext, HypervisorDriver
from keyhole.runtime.background import (
    BackgroundTasks,
    flush_sessions,
    purge_expired,
    reauthorize,
    refresh_certificate,
    run_timers,
    sync_sessions,
    watch_deleted_servers,
    watch_drivers,
)
from keyhole.runtime.drivers import chosen_drivers
from keyhole.store.sql.store import SqlStore
from keyhole.telemetry.exposition import families_of
from keyhole.telemetry.samples import Family
from keyhole.telemetry.telemetry import Telemetry

DRAIN_POLL_SECONDS = 0.2

Count = Callable[[], Awaitable[Sequence[Family]]]


@dataclass(frozen=True, slots=True)
class Service:
    """The running service, for code that starts it in its own process."""

    url: str
    consoles: Links
    servers: Servers
    listener: Listener
    door: FrontDoor
    admin_listener: Listener
    admin_door: FrontDoor
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


def session_limits(settings: Settings) -> SessionLimits:
    """The session limits of the settings."""
    return SessionLimits(
        idle_seconds=settings.sessions.idle_seconds,
        maximum_seconds=settings.sessions.maximum_seconds,
        total=settings.limits.sessions,
        per_user=settings.limits.sessions_per_user,
        per_project=settings.limits.sessions_per_project,
        per_server=settings.console.max_sessions_per_server,
        buffered_bytes=settings.limits.buffered_bytes,
        keepalive_timeout_seconds=settings.sessions.keepalive_timeout_seconds,
    )


def handshake_limits(settings: Settings) -> HandshakeLimits:
    """Each worker's limits on connections being set up, from the settings."""
    limits, workers = settings.limits, settings.server.workers
    return HandshakeLimits(share_of(limits.handshakes, workers), share_of(limits.handshakes_per_address, workers))


def connections_per_address(settings: Settings) -> int:
    """Each worker's limit on one address' connections for pages and API calls, from the settings."""
    return share_of(settings.limits.connections_per_address, settings.server.workers)


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
    choices = chosen_drivers(settings)
    certificate = certificate_of(settings.server.tls_certificate, settings.server.tls_key)
    pages = load_pages(Path(str(files("keyhole") / "static")))
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(SqlStore.open(settings.store.url))
        for warning in store.warnings:
            telemetry.service_degraded("store", warning)
        throttle = LoginThrottle(time.monotonic, broadcast)
        identity = await stack.enter_async_context(
            open_backend(settings.identity, settings.public_url, store, time.time, throttle)
        )
        drivers: list[HypervisorDriver] = [
            await stack.enter_async_context(choice.make(DriverContext(choice.name, identity.project_id_of)))
            for choice in choices
        ]
        index = ServerIndex(drivers)
        servers = Servers(index)
        rules = GrantRules(settings.tokens.lifetime_seconds, settings.tokens.reuse == "until_expiry")
        consoles = Links(servers, store, rules, settings.public_url, time.time)
        ticket_rules = TicketRules(settings.sessions.resume_seconds, settings.sessions.maximum_seconds)
        sessions = assemble(
            store,
            consoles,
            index,
            identity.provider,
            session_limits(settings),
            ticket_rules,
            telemetry,
            Clocks(loop.time, time.time),
            shared=settings.server.workers > 1,
        )
        proxies = parse_proxies(settings.server.trusted_proxies)
        origins = frozenset({origin_of(settings.public_url), *settings.console.allowed_origins})
        tasks = BackgroundTasks(telemetry)
        services = ApiServices(
            public_url=settings.public_url,
            identity_url=identity.url,
            allowed_origins=origins,
            frame_ancestors=frozenset(settings.console.framing_origins),
            servers=servers,
            consoles=consoles,
            tickets=sessions.tickets,
            registry=sessions.registry,
            revocations=store,
            accesses=store,
            identity=identity.provider,
            login=identity.login,
            issuer=identity.issuer,
            credentials=identity.credentials,
            proxies=proxies,
            telemetry=telemetry,
            readiness=Readiness(
                store.check,
                identity.provider.check,
                {driver.name: partial(servers.sentences, driver) for driver in drivers},
                lambda: tasks.defects.values(),
            ),
            pages=pages,
            clock=time.time,
            count=count or partial(_own_count, telemetry),
        )
        limits = settings.limits
        deadlines = Deadlines(head=limits.head_seconds, keepalive_timeout=settings.sessions.keepalive_timeout_seconds)
        per_address = connections_per_address(settings)
        http = HttpServer(create_application(services), telemetry, deadlines, limits.head_bytes, per_address)
        admin = create_admin_application(services, settings.host_names | {socket.gethostname().lower()})
        admin_http = HttpServer(admin, telemetry, deadlines, limits.head_bytes, descriptors=http.descriptors)
        tokens = TokenResolvers([consoles])
        entrance = Entrance(
            tokens, consoles, sessions.tickets, sessions.registry, origins, settings.public_url.startswith("https:")
        )
        streams = StreamLimits(
            limits.frame_bytes, limits.message_bytes, limits.cut_text_bytes, limits.messages_per_second
        )
        dial_queue = DialQueue(share_of(limits.handshakes_per_server, settings.server.workers))
        leases = Leases(telemetry)
        parts = SessionParts(
            entrance, sessions.live, telemetry, leases, loop.time, deadlines, streams=streams, dial_queue=dial_queue
        )
        handshakes, opener = handshake_limits(settings), partial(open_session, parts)
        door = FrontDoor(
            http, sessions.live, telemetry, deadlines, handshakes, opener, streams, proxies, settings.public_url
        )
        admin_door = FrontDoor(admin_http, sessions.live, telemetry, deadlines, handshakes)
        telemetry.serving(door.handshakes, lambda: len(asyncio.all_tasks(loop)))
        listener, admin_listener = Listener(door, certificate), Listener(admin_door, None)
        stack.enter_context(
            tasks.running(
                run_timers=partial(run_timers, sessions.live, http, admin_http),
                sync_sessions=partial(sync_sessions, sessions, telemetry),
                watch_deleted_servers=partial(watch_deleted_servers, sessions),
                reauthorize=partial(
                    reauthorize, sessions.reauthorization, settings.sessions.reauthorize_seconds, telemetry
                ),
                purge_expired=partial(purge_expired, consoles, sessions, store, telemetry),
                watch_drivers=partial(watch_drivers, servers, drivers, telemetry),
                **{f"servers_of_{driver.name}": partial(index.follow, driver) for driver in drivers},
                refresh_certificate=partial(refresh_certificate, certificate, telemetry),
            )
        )
        try:
            yield Service(
                settings.public_url, consoles, servers, listener, door, admin_listener, admin_door, throttle, telemetry
            )
        finally:
            await door.close(listener)
            await admin_door.close(admin_listener)
            await leases.close()
            await flush_sessions(sessions, telemetry)


async def _own_count(telemetry: Telemetry) -> list[Family]:
    return families_of(telemetry.registry)
