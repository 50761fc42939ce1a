"""A front door on a loopback port with everything behind it real, except the hypervisor and the store."""

import asyncio
import io
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from tests.fakes.drivers import FakeDriver
from tests.fakes.memory_store import MemoryStore
from tests.fakes.waiting import until
from tests.fakes.wire import Wire
from tests.real.certificates import certified

from keyhole import config
from keyhole.core.limits import HandshakeLimits, StreamLimits
from keyhole.core.links import GrantRules, Links
from keyhole.core.sessions.live import SessionLimits, Sessions
from keyhole.core.sessions.reauthorization import Reauthorization
from keyhole.core.sessions.registry import SessionRegistry
from keyhole.core.sessions.services import Clocks
from keyhole.core.tickets import TicketRules, Tickets
from keyhole.errors import ConsoleUnavailable, NotAuthenticated, Unavailable
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.front_door import Accepting, FrontDoor
from keyhole.gateway.session import SessionParts
from keyhole.identity.backends import IdentityBackend
from keyhole.identity.login_throttle import LoginThrottle
from keyhole.model import (
    Address,
    ConsoleType,
    Dialled,
    Identity,
    IdentityToken,
    Protocol,
    RequesterToken,
    Server,
    Target,
)
from keyhole.net.certificate import certificate_of
from keyhole.ports.http import REQUEST_ARRIVED
from keyhole.ports.identity import PersonSignIn
from keyhole.protocols.http.head import HEAD_LIMIT_BYTES
from keyhole.reasons import Reason
from keyhole.runtime.assemble import Ports, Service, assemble
from keyhole.runtime.background import sync_sessions, watch_deleted_servers
from keyhole.runtime.limits import Limits
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.telemetry import Telemetry

PUBLIC_URL = "https://console.example.com"
IDENTITY = Identity("u1", "alice", "p1", "lab", frozenset({"member"}))
WARRANT = RequesterToken("identity-token", expires_at=2e9)
SERVER_ID = "11111111-2222-3333-4444-555555555555"


@dataclass
class OneServer(FakeDriver):
    """A driver with one server whose targets a test sets."""

    targets: dict[Protocol, Target] = field(default_factory=dict)
    gone: bool = False
    name: str = "one"

    async def list_now(self) -> list[Server]:
        return [] if self.gone else [Server(SERVER_ID, "vm1", "p1")]

    async def target_for(self, server_id: str, protocol: Protocol) -> Target:
        if protocol not in self.targets:
            raise ConsoleUnavailable(protocol)
        return self.targets[protocol]


@dataclass
class Clock:
    """The seconds since the epoch, which a test may advance."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class People:
    """The part of an identity provider that reconnecting uses; nobody can sign in."""

    gone: bool = False
    silent: bool = False
    asked: list[RequesterToken | None] = field(default_factory=list)

    async def may_open(self, user_id: str, project_id: str, requester: RequesterToken | None) -> bool:
        self.asked.append(requester)
        if self.silent:
            raise Unavailable("The identity service sleeps.")
        return not self.gone and (user_id, project_id) == (IDENTITY.user_id, IDENTITY.project_id)

    def project_name(self, project_id: str) -> str | None:
        return None

    async def validate(self, token: str) -> IdentityToken:
        raise NotAuthenticated

    async def sign_in(self, person: PersonSignIn, client: str) -> tuple[str, IdentityToken]:
        raise NotAuthenticated

    async def sign_out(self, token: str) -> None:
        raise NotAuthenticated

    async def check(self) -> list[str]:
        return []


async def hello(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """An application that answers with the requested path and the length of the body."""
    size, arrived = 0, scope[REQUEST_ARRIVED]()
    while (event := await receive())["type"] == "http.request":
        size += len(event["body"])
        if not event["more_body"]:
            break
    headers = [(b"x-path", scope["path"].encode()), (b"x-arrived", str(arrived).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": f"{scope['path']} {size}".encode()})


@dataclass
class World:
    """The objects that a test uses."""

    port: int
    driver: OneServer
    store: MemoryStore
    log: io.StringIO
    clock: Clock
    people: People
    service: Service
    trust: ssl.SSLContext | None = None
    """A client's context, where the port speaks TLS."""

    @property
    def consoles(self) -> Links:
        return self.service.consoles

    @property
    def sessions(self) -> Sessions:
        return self.service.sessions.live

    @property
    def registry(self) -> SessionRegistry:
        return self.service.sessions.registry

    @property
    def reauthorization(self) -> Reauthorization:
        return self.service.sessions.reauthorization

    @property
    def tickets(self) -> Tickets:
        return self.service.sessions.tickets

    @property
    def parts(self) -> SessionParts:
        return self.service.session_parts

    @property
    def door(self) -> FrontDoor:
        return self.service.door

    @property
    def listener(self) -> Accepting:
        return self.service.listener

    @property
    def telemetry(self) -> Telemetry:
        return self.service.telemetry

    async def connect(self) -> Wire:
        return await Wire.connect(self.port, self.trust)

    async def token(self, console_type: ConsoleType = ConsoleType.NOVNC) -> str:
        console = await self.consoles.create(IDENTITY, SERVER_ID, console_type, WARRANT)
        return console.url.rpartition("token")[2].removeprefix("%3D").removeprefix("=")

    def aim(self, address: Address, password: str | None = None, protocol: Protocol = Protocol.VNC) -> None:
        secret = None if password is None else SecretStr(password)
        self.driver.targets[protocol] = Target(protocol, Dialled(address), secret)

    def sweep(self) -> None:
        """A complete sweep over all sessions."""
        for _ in self.sessions.sweep():
            pass

    def events(self, name: str) -> list[dict[str, Any]]:
        return [event for line in self.log.getvalue().splitlines() if (event := json.loads(line))["event"] == name]

    async def event(self, name: str) -> dict[str, Any]:
        return (await until(lambda: self.events(name)))[-1]

    def refused(self, reason: Reason) -> float:
        return self.telemetry.registry.get_sample_value("keyhole_refused_total", {"reason": reason.value}) or 0.0


@asynccontextmanager
async def make_world(
    *,
    limits: SessionLimits = SessionLimits(),  # noqa: B008  # frozen
    deadlines: Deadlines = Deadlines(linger=0.3),  # noqa: B008  # frozen
    streams: StreamLimits = StreamLimits(),  # noqa: B008  # frozen
    handshakes: HandshakeLimits = HandshakeLimits(),  # noqa: B008  # frozen
    http_per_address: int = 0,
    dials_per_server: int = 0,
    proxies: Sequence[str] = (),
    application: Any = hello,
    reusable: bool = False,
    lifetime_seconds: int = 600,
    resume_seconds: int = 3600,
    store: MemoryStore | None = None,
    people_gone: bool = False,
    tls: Path | None = None,
    shared: bool = False,
) -> AsyncIterator[World]:
    """`tls` is a folder for the certificate, if the front door uses TLS."""
    certificate, trust = None, None
    if tls is not None:
        keys, trust = certified(tls)
        certificate = certificate_of(Path(keys["tls_certificate"]), Path(keys["tls_key"]))
    driver, store, clock, people, log = OneServer(), store or MemoryStore(), Clock(), People(people_gone), io.StringIO()
    telemetry = Telemetry(make_logger(log, json=True))
    server = {"public_url": PUBLIC_URL, "trusted_proxies": list(proxies), "workers": 2 if shared else 1}
    ports = Ports(
        store=store,
        identity=IdentityBackend(people, people, None, None, PUBLIC_URL, LoginThrottle(clock), str),
        drivers=[driver],
        telemetry=telemetry,
        clocks=Clocks(asyncio.get_running_loop().time, clock),
        pages={},
        certificate=certificate,
    )
    given = Limits(
        grants=GrantRules(lifetime_seconds, reusable),
        tickets=TicketRules(resume_seconds, limits.maximum_seconds),
        sessions=limits,
        handshakes=handshakes,
        streams=streams,
        deadlines=deadlines,
        head_bytes=HEAD_LIMIT_BYTES,
        dials_per_server=dials_per_server,
        connections_per_address=http_per_address,
    )
    service = assemble(config.make({"server": server}, source="world"), given, ports, lambda _: application)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        await service.accept([sock])
    with service.tasks.running(
        sync_sessions=partial(sync_sessions, service.sessions, telemetry),
        watch_deleted_servers=partial(watch_deleted_servers, service.sessions),
    ):
        try:
            yield World(port, driver, store, log, clock, people, service, trust)
        finally:
            await service.close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with make_world() as world:
        yield world


async def upgraded(world: World, *headers: str) -> Wire:
    """A viewer that has opened its WebSocket with a new link."""
    wire = await world.connect()
    assert (await wire.upgrade(f"/?token={await world.token()}", *headers)).status == 101
    return wire


async def opened(world: World, *headers: str) -> Wire:
    """A viewer whose session runs."""
    wire = await upgraded(world, *headers)
    await wire.rfb_handshake()
    return wire
