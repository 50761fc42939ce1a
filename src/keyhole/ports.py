"""What the use cases depend on, and nothing about how it is done.

Implementations live in drivers/, store/ and identity/ and are handed in by `app.py`. Each is held to one suite in
tests/contract/. Every method may raise `Unavailable`; other errors are named with the method.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol as Interface

from pydantic import SecretStr

from keyhole.model import Grant, IdentityToken, Protocol, Server, Target


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


class IdentityProvider(Interface):
    """Says whose an identity token is."""

    async def validate(self, token: str) -> IdentityToken:
        """The good token's contents. Raises NotAuthenticated."""

    async def troubles(self) -> Sequence[str]:
        """One sentence for each thing that does not work, for /readyz."""


OWN_PROJECT: str | None = None
"""In place of a project: the user's own, which is what a request without a scope means."""

UNSCOPED = ""
"""In place of a project: none at all."""


class TokenIssuer(IdentityProvider, Interface):
    """An identity provider that hands out tokens itself (the embedded one).

    `project` is a project's name or id, OWN_PROJECT or UNSCOPED.

    The password method raises NotAuthenticated after the same time whether the user exists or not.
    """

    async def issue_for_password(
        self, user: str, password: SecretStr, project: str | None
    ) -> tuple[str, IdentityToken]:
        """A new token for a user (name or id), acting in `project`."""

    async def issue_for_api_key(self, user: str, api_key: SecretStr, project: str | None) -> tuple[str, IdentityToken]:
        """As `issue_for_password`, with the user's API key (RAX-KSKEY)."""

    async def issue_for_token(self, token: str, project: str | None) -> tuple[str, IdentityToken]:
        """A new token for the holder of a good one; it expires when that one does."""

    async def revoke(self, token: str) -> None:
        """Makes a token invalid at once."""
