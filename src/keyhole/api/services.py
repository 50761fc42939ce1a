"""What the composition root passes to the HTTP application."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from keyhole.api.log_readers import LogReaders
from keyhole.api.pages import Page
from keyhole.api.readiness import Readiness
from keyhole.core.links import Links
from keyhole.core.servers import Servers
from keyhole.core.sessions.registry import SessionRegistry
from keyhole.core.tickets import Tickets
from keyhole.net.proxies import Proxies
from keyhole.ports.identity import ApplicationCredentials, IdentityProvider, LoginProvider, TokenIssuer
from keyhole.ports.stores import AccessStore, RevocationStore
from keyhole.telemetry.samples import Family
from keyhole.telemetry.telemetry import Telemetry


@dataclass(frozen=True)
class ApiServices:
    """Everything that is needed to answer requests.

    `public_url` is the start of every link; `allowed_origins` are exact origins, including `public_url`'s own;
    `frame_ancestors` are the origins whose pages may frame ours; `identity_url` is where clients get tokens; people
    sign in through `login`; `issuer` and `credentials` are None if another identity service issues tokens; `proxies`
    are trusted to report their clients' addresses; `readiness` has the current problems; `count` returns the metrics of
    the whole service, of each of its processes.
    """

    public_url: str
    identity_url: str
    allowed_origins: frozenset[str]
    frame_ancestors: frozenset[str]
    servers: Servers
    consoles: Links
    tickets: Tickets
    registry: SessionRegistry
    revocations: RevocationStore
    accesses: AccessStore
    identity: IdentityProvider
    login: LoginProvider
    issuer: TokenIssuer | None
    credentials: ApplicationCredentials | None
    proxies: Proxies
    telemetry: Telemetry
    readiness: Readiness
    pages: Mapping[str, Page]
    clock: Callable[[], float]
    count: Callable[[], Awaitable[Sequence[Family]]]
    log_readers: LogReaders = field(default_factory=LogReaders)

    @property
    def compute_url(self) -> str:
        """The base URL of the compute API's paths."""
        return f"{self.public_url}/compute"

    @property
    def secure(self) -> bool:
        """Whether cookies are restricted to encrypted connections."""
        return self.public_url.startswith("https:")
