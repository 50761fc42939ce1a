"""What the use cases depend on, and nothing about how it is done.

Implementations live in drivers/, store/ and identity/ and are handed in by `app.py`. Each is held to one suite in
tests/contract/. Every method may raise `Unavailable`; other errors are named with the method.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol as Interface

from pydantic import SecretStr

from keyhole.model import (
    ApplicationCredential,
    Grant,
    IdentityToken,
    Project,
    Protocol,
    Scope,
    Server,
    SignIn,
    Target,
)

REQUEST_ARRIVED = "keyhole.request_arrived"
"""Where an HTTP server leaves in a request's ASGI scope a function that says whether all of its body has arrived."""


class HypervisorDriver(Interface):
    """Knows servers and where their consoles are. Used inside its own `async with`."""

    @property
    def name(self) -> str:
        """The name of the driver's entry point and of its `[drivers.NAME]` section."""

    async def list_servers(self) -> Sequence[Server]:
        """Every server, in the driver's order."""

    async def find_server(self, server_id: str) -> Server | None:
        """One server by its id, None when this driver does not know it."""

    async def console_target(self, server_id: str, protocol: Protocol) -> Target:
        """Where that console is right now. Asked when a grant is made and again when it is redeemed.

        Raises ServerNotFound, ServerNotReady, ServerBusy; ConsoleUnavailable naming the protocol.
        """

    async def console_log(self, server_id: str, lines: int | None) -> bytes:
        """The last `lines` lines of the serial log as written by the guest, all of it when None.

        A line ends at b"\\n"; what follows the last one counts as a line, even when empty.
        Raises ServerNotFound, LogUnavailable.
        """

    async def troubles(self) -> Sequence[str]:
        """One sentence for each thing that does not work, for /readyz; empty when all is well."""


@dataclass(frozen=True, slots=True)
class DriverContext:
    """What a driver is given beside its own settings: `Driver(settings, context)`."""

    project_id_of: Callable[[str], str]


class GrantStore(Interface):
    """Keeps grants. Redemption is atomic: of two at once, one wins."""

    async def add_grant(self, grant: Grant) -> None:
        """Keeps a new grant; its token_hash is unique."""

    async def find_grant(self, token_hash: str) -> Grant | None:
        """The grant as it is kept, expired and used ones included."""

    async def redeem_grant(self, token_hash: str, now: float, *, reusable: bool) -> Grant | None:
        """Marks a grant as used at `now` and returns it; None when there is none that is good.

        A used grant is good again only when `reusable`; one whose `expires_at` is not after `now` never is.
        """

    async def release_grant(self, token_hash: str) -> None:
        """Takes a redemption back: the console never opened, so the link may be tried again."""

    async def sweep_grants(self, expired_before: float) -> int:
        """Deletes the grants that expired before then; returns how many."""


class TokenStore(Interface):
    """Keeps identity tokens by their sha256."""

    async def add_token(self, token: IdentityToken) -> None:
        """Keeps a new token."""

    async def find_token(self, token_hash: str, now: float) -> IdentityToken | None:
        """The token when it is good at `now`."""

    async def revoke_token(self, token_hash: str) -> None:
        """Makes a token invalid at once; unknown ones are ignored."""

    async def sweep_tokens(self, expired_before: float) -> int:
        """Deletes the tokens that expired before then; returns how many."""


class CredentialStore(Interface):
    """Keeps application credentials."""

    async def add_credential(self, credential: ApplicationCredential) -> bool:
        """Keeps a new one; False, and nothing is kept, when its user already has one of that name."""

    async def find_credential(self, credential_id: str) -> ApplicationCredential | None:
        """One by its id, an expired one too."""

    async def list_credentials(self, user_id: str) -> Sequence[ApplicationCredential]:
        """Every one of a user, the oldest first."""

    async def delete_credential(self, credential_id: str) -> None:
        """Forgets one at once; unknown ones are ignored."""


class IdentityProvider(Interface):
    """Says whose an identity token is."""

    async def validate(self, token: str) -> IdentityToken:
        """The good token's contents. Raises NotAuthenticated."""

    async def troubles(self) -> Sequence[str]:
        """One sentence for each thing that does not work, for /readyz."""


class TokenIssuer(IdentityProvider, Interface):
    """An identity provider that hands out tokens itself (the embedded one)."""

    async def issue(self, sign_in: SignIn, scope: Scope | str, client: str) -> tuple[str, IdentityToken]:
        """A new token for who can sign in, acting in a project (its name or id, or the scope that stands for one).

        `client` is the address that asks, by which failures are counted. A token for a token expires when that one
        does. Raises NotAuthenticated, after the same time whether the user exists or not; TooManyAttempts; Forbidden
        for a token that was got with an application credential and may not be exchanged.
        """

    async def revoke(self, token: str) -> None:
        """Makes a token invalid at once."""

    async def projects_of(self, user_id: str) -> Sequence[Project]:
        """The projects that a user may act in."""


@dataclass(frozen=True, slots=True)
class CredentialWish:
    """What an application credential shall be. `roles` None: all that the holder of the token has."""

    name: str
    description: str = ""
    roles: frozenset[str] | None = None
    expires_at: float | None = None
    unrestricted: bool = False


class ApplicationCredentials(Interface):
    """Makes and deletes application credentials for the holders of tokens."""

    async def create(
        self, holder: IdentityToken, wish: CredentialWish
    ) -> tuple[ApplicationCredential, SecretStr] | None:
        """A new one of the holder's in the token's project, and its secret, which is told this once.

        None when the holder already has one of that name. Raises Forbidden for roles that the token lacks, for a token
        without a project or of a restricted credential, and beyond the number that a user may have.
        """

    async def list_of(self, user_id: str) -> Sequence[ApplicationCredential]:
        """Every one of a user, the oldest first."""

    async def find(self, user_id: str, credential_id: str) -> ApplicationCredential | None:
        """One of a user."""

    async def delete(self, holder: IdentityToken, credential: ApplicationCredential) -> None:
        """Deletes one at once, with all tokens got by it. Raises Forbidden for a token of a restricted credential."""
