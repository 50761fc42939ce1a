"""The fixture of the API's tests: the application over in-memory implementations of its ports."""

import io
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import httpx
from tests.fakes.drivers import FakeDriver
from tests.fakes.memory_store import MemoryStore

from keyhole import config
from keyhole.api.pages import Page
from keyhole.core.links import hash_token
from keyhole.core.sessions.services import Clocks
from keyhole.errors import ConsoleUnavailable, LogUnavailable, NotAuthenticated, ServerBusy, ServerNotReady
from keyhole.identity.backends import IdentityBackend
from keyhole.identity.embedded.provider import EmbeddedIdentity
from keyhole.identity.login_throttle import LoginThrottle
from keyhole.model import (
    ApiKeySignIn,
    ApplicationCredential,
    CredentialSignIn,
    Dialled,
    Identity,
    IdentityToken,
    PasswordSignIn,
    Project,
    Protocol,
    RequesterToken,
    Scope,
    Server,
    SignIn,
    Target,
    TcpAddress,
    TokenSignIn,
)
from keyhole.ports.drivers import Problem
from keyhole.ports.identity import CredentialSpec, PersonSignIn
from keyhole.runtime.assemble import Ports, assemble
from keyhole.runtime.limits import Limits
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.telemetry import Telemetry

PUBLIC_URL = "https://console.example.com"
LIFETIME_SECONDS = 600
LOG = b"FAKE CONSOLE OUTPUT\nANOTHER\nLAST LINE"
SERVER_ID = "11111111-2222-3333-4444-555555555555"
CONSOLE_PORTS = {Protocol.VNC: 5901, Protocol.SERIAL: 5902, Protocol.SPICE: 5930}


def project_id_of(name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_DNS, name).hex


@dataclass(frozen=True)
class User:
    """`project` is the user's own one."""

    name: str
    password: str
    project: str
    roles: frozenset[str]

    def identity(self, project: str | None) -> Identity:
        scoped = project is not None
        return Identity(
            user_id=uuid.uuid5(uuid.NAMESPACE_OID, self.name).hex,
            user_name=self.name,
            project_id=project_id_of(self.project) if scoped else None,
            project_name=self.project if scoped else None,
            roles=self.roles if scoped else frozenset(),
        )


USERS = (
    User("demo", "demo-secret", "demo", frozenset({"member", "reader"})),
    User("watcher", "watcher-secret", "demo", frozenset({"reader"})),
    User("nobody", "nobody-secret", "demo", frozenset()),
    User("stranger", "stranger-secret", "other", frozenset({"member", "reader"})),
    User("admin", "admin-secret", "admin", frozenset({"admin"})),
)


@dataclass
class Clock:
    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class MemoryIssuer:
    """A TokenIssuer. An API key is the password reversed; there are no application credentials."""

    def __init__(self, clock: Clock) -> None:
        self.failure: Exception | None = None
        self.clients: list[str] = []
        self.sentences: list[str] = []
        self._clock = clock
        self._tokens: dict[str, tuple[User, IdentityToken]] = {}

    async def validate(self, token: str) -> IdentityToken:
        return self._find(token)[1]

    async def may_open(self, user_id: str, project_id: str, requester: RequesterToken | None) -> bool:
        return True

    def project_name(self, project_id: str) -> str | None:
        return next((user.project for user in USERS if project_id_of(user.project) == project_id), None)

    async def sign_in(self, person: PersonSignIn, client: str) -> tuple[str, IdentityToken]:
        return await self.issue(
            PasswordSignIn(person.username, person.password), person.project or Scope.OWN_PROJECT, client
        )

    async def sign_out(self, token: str) -> None:
        await self.revoke(token)

    async def check(self) -> Sequence[str]:
        return self.sentences

    async def issue(self, sign_in: SignIn, scope: Scope | str, client: str) -> tuple[str, IdentityToken]:
        self.clients.append(client)
        match sign_in:
            case PasswordSignIn(user, password):
                secret = password.get_secret_value()
                return self._issue(self._user(user, lambda one: one.password == secret), "password", scope)
            case ApiKeySignIn(user, api_key):
                secret = api_key.get_secret_value()
                return self._issue(self._user(user, lambda one: one.password[::-1] == secret), "password", scope)
            case TokenSignIn(token):
                return self._issue(self._find(token.get_secret_value())[0], "token", scope)
            case CredentialSignIn():
                raise NotAuthenticated

    async def revoke(self, token: str) -> None:
        self._tokens.pop(token, None)

    async def projects_of(self, user_id: str) -> Sequence[Project]:
        user = self._user(user_id, lambda _: True)
        return [Project(project_id_of(user.project), user.project)]

    def token_of(self, name: str, scope: Scope | str = Scope.OWN_PROJECT) -> str:
        """A token for a user, issued without a password."""
        return self._issue(self._user(name, lambda _: True), "password", scope)[0]

    def _find(self, token: str) -> tuple[User, IdentityToken]:
        if self.failure is not None:
            raise self.failure
        found = self._tokens.get(token)
        if found is None or found[1].expires_at <= self._clock():
            raise NotAuthenticated
        return found

    def _user(self, reference: str, fits: Callable[[User], bool]) -> User:
        if self.failure is not None:
            raise self.failure
        for user in USERS:
            if reference in (user.name, user.identity(None).user_id) and fits(user):
                return user
        raise NotAuthenticated

    def _issue(self, user: User, method: str, scope: Scope | str) -> tuple[str, IdentityToken]:
        if scope not in (*Scope, user.project, project_id_of(user.project)):
            raise NotAuthenticated
        text = f"token-{uuid.uuid4().hex}"
        token = IdentityToken(
            token_hash=hash_token(text),
            identity=user.identity(None if scope is Scope.UNSCOPED else user.project),
            methods=(method,),
            audit_id=uuid.uuid4().hex[:22],
            issued_at=self._clock(),
            expires_at=self._clock() + 3600,
        )
        self._tokens[text] = (user, token)
        return text, token


class MemoryCredentials:
    """ApplicationCredentials without any credentials."""

    async def create(self, holder: IdentityToken, spec: CredentialSpec) -> None:
        return None

    async def list_of(self, user_id: str) -> Sequence[ApplicationCredential]:
        return []

    async def find(self, user_id: str, credential_id: str) -> ApplicationCredential | None:
        return None

    async def delete(self, holder: IdentityToken, credential: ApplicationCredential) -> None:
        raise AssertionError


@dataclass
class MemoryDriver(FakeDriver):
    """A HypervisorDriver whose servers have the consoles that they list."""

    servers: list[Server]
    failure: Exception | None = None
    sentences: list[str] = field(default_factory=list)
    log: bytes | None = LOG
    asked_lines: list[int | None] = field(default_factory=list)
    name: str = "memory"

    async def list_now(self) -> Sequence[Server]:
        if self.failure is not None:
            raise self.failure
        return self.servers

    async def target_for(self, server_id: str, protocol: Protocol) -> Target:
        server = await self.find_server(server_id)
        assert server is not None
        if not server.host:
            raise ServerNotReady(server_id)
        if server.task_state in ("deleting", "migrating"):
            raise ServerBusy(server_id, server.task_state)
        if protocol not in server.protocols:
            raise ConsoleUnavailable(protocol)
        return Target(protocol, Dialled(TcpAddress("127.0.0.1", CONSOLE_PORTS[protocol])))

    async def console_log(self, server_id: str, lines: int | None) -> bytes:
        self.asked_lines.append(lines)
        if self.log is None:
            raise LogUnavailable
        return b"\n".join(self.log.split(b"\n")[-lines:]) if lines else self.log

    async def check(self) -> Sequence[Problem]:
        return [Problem(sentence) for sentence in self.sentences]


def make_server(server_id: str = SERVER_ID, name: str = "vm1", project: str = "demo", **more: object) -> Server:
    server = Server(server_id, name, project_id_of(project), host="host1", protocols=frozenset(CONSOLE_PORTS))
    return replace(server, **more)  # type: ignore[arg-type]


def make_page(body: bytes, content_type: str = "text/html; charset=utf-8") -> Page:
    return Page(body, {}, content_type, "no-cache", f'"{len(body)}"')


class World:
    """The application, its in-memory dependencies, and a client for it."""

    def __init__(
        self,
        *servers: Server,
        public_url: str = PUBLIC_URL,
        embedded: EmbeddedIdentity | None = None,
        identity_url: str | None = None,
        proxies: Sequence[str] = (),
        reusable: bool = False,
        resume_seconds: int = 3600,
        maximum_seconds: int = 0,
    ) -> None:
        """`embedded` replaces the in-memory issuer. With an `identity_url`, tokens are issued there, not here."""
        self.clock = Clock()
        self.store = MemoryStore()
        self.issuer = MemoryIssuer(self.clock)
        self.driver = MemoryDriver(list(servers) or [make_server()])
        self.log = io.StringIO()
        self.telemetry = Telemetry(make_logger(self.log, json=True))
        settings = config.make(
            {
                "server": {"public_url": public_url, "trusted_proxies": list(proxies)},
                "console": {"allowed_origins": ["https://cloud.example.com"]},
                "tokens": {"lifetime_seconds": LIFETIME_SECONDS, "reuse": "until_expiry" if reusable else "once"},
                "sessions": {"resume_seconds": resume_seconds, "maximum_seconds": maximum_seconds},
            },
            source="world",
        )
        ports = Ports(
            store=self.store,
            identity=self._identity(embedded, identity_url, f"{public_url}/identity"),
            drivers=[self.driver],
            telemetry=self.telemetry,
            clocks=Clocks(time.monotonic, self.clock),
            pages={"/index.html": make_page(b"<html>start</html>"), "/vnc_lite.html": make_page(b"<html>noVNC</html>")},
        )
        self.service = assemble(settings, Limits.of(settings), ports)
        self.consoles, self.sessions, self.services = self.service.consoles, self.service.sessions, self.service.api
        self.tickets, self.registry = self.sessions.tickets, self.sessions.registry
        self.application = self.service.application

    def _identity(self, embedded: EmbeddedIdentity | None, elsewhere: str | None, here: str) -> IdentityBackend:
        issuer, throttle = embedded or self.issuer, LoginThrottle(self.clock)
        if elsewhere:
            return IdentityBackend(issuer, issuer, None, None, elsewhere, throttle, project_id_of)
        credentials = embedded.credentials if embedded else MemoryCredentials()
        return IdentityBackend(issuer, issuer, issuer, credentials, here, throttle, project_id_of)

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.application, client=("192.0.2.7", 40000))
        return httpx.AsyncClient(transport=transport, base_url="http://listener")

    async def ask(
        self, method: str, path: str, user: str | None = "demo", body: str | bytes | None = None, **headers: str
    ) -> httpx.Response:
        """One request; underscores in the names of header arguments become hyphens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if user is not None:
            sent["X-Auth-Token"] = self.issuer.token_of(user)
        async with self.client() as client:
            return await client.request(method, path, content=body, headers=sent)

    def refusals(self, reason: str) -> float:
        """How often the metric counted a refusal."""
        return self.telemetry.registry.get_sample_value("keyhole_refused_total", {"reason": reason}) or 0.0
