"""What the HTTP application is given by the composition root."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from keyhole.api.pages import Page
from keyhole.core.links import Consoles
from keyhole.core.servers import Servers
from keyhole.core.sessions.registry import Register
from keyhole.core.tickets import Tickets
from keyhole.net.proxies import Proxies
from keyhole.ports.drivers import HypervisorDriver
from keyhole.ports.identity import ApplicationCredentials, IdentityProvider, SignInDesk, TokenIssuer
from keyhole.ports.stores import OpeningStore, RevocationStore
from keyhole.telemetry.samples import Family
from keyhole.telemetry.telemetry import Observer


@dataclass(frozen=True)
class ApiServices:
    """Everything that requests are answered with.

    `public_url` is what every link begins with; `allowed_origins` are exact origins, `public_url`'s own among them;
    `frame_ancestors` are those whose pages may frame ours; `identity_url` is where tokens are had; persons sign in at
    the `desk`; `issuer` and `credentials` are None where another identity service hands tokens out; `proxies` are
    believed about who their clients are; `store_troubles` says what ails the store; `count` gives the metrics of the
    whole service, of each of its processes.
    """

    public_url: str
    identity_url: str
    allowed_origins: frozenset[str]
    frame_ancestors: frozenset[str]
    servers: Servers
    consoles: Consoles
    tickets: Tickets
    register: Register
    revocations: RevocationStore
    openings: OpeningStore
    identity: IdentityProvider
    desk: SignInDesk
    issuer: TokenIssuer | None
    credentials: ApplicationCredentials | None
    proxies: Proxies
    observer: Observer
    drivers: Sequence[HypervisorDriver]
    store_troubles: Callable[[], Awaitable[Sequence[str]]]
    pages: Mapping[str, Page]
    clock: Callable[[], float]
    count: Callable[[], Awaitable[Sequence[Family]]]

    @property
    def compute_url(self) -> str:
        """What the compute API's paths follow."""
        return f"{self.public_url}/compute"

    @property
    def secure(self) -> bool:
        """Whether cookies are for encrypted connections only."""
        return self.public_url.startswith("https:")
