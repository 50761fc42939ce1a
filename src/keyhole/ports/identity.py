"""Who somebody is and what they may do. Implementations live in identity/ and are held to one suite in tests/contract/.

Every method may raise `Unavailable`; other errors are named with the method.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol as Interface

from pydantic import SecretStr

from keyhole.model import (
    ApplicationCredential,
    IdentityToken,
    Project,
    RequesterToken,
    Scope,
    SignIn,
)

ALIVE_SECONDS = 30.0
"""How far after `alive_since` a worker may have been seen: what is later was written before the clock was set back."""


class IdentityProvider(Interface):
    """Says whose an identity token is."""

    async def validate(self, token: str) -> IdentityToken:
        """The good token's contents. Raises NotAuthenticated."""

    async def may_open(self, user_id: str, project_id: str, requester: RequesterToken | None) -> bool:
        """Whether a user who asked with that requester token may still open consoles of a project, as of now.

        That its token expired takes nothing from anybody. Without a requester token: as far as can be told without it.
        """

    def project_name(self, project_id: str) -> str | None:
        """A project's name, None where it is not known without asking."""

    async def check(self) -> Sequence[str]:
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
class PersonSignIn:
    """What a person types: a name and password, and where the name or the project need it, more."""

    username: str
    password: SecretStr
    project: str | None = None
    domain: str | None = None


class LoginProvider(Interface):
    """Signs persons in at whichever identity service issues the tokens."""

    async def sign_in(self, person: PersonSignIn, client: str) -> tuple[str, IdentityToken]:
        """A new token for a project. `client` is the address that asks, by which failures are counted.

        Raises NotAuthenticated, TooManyAttempts; ProjectNeeded where the person is in several projects and named none.
        """

    async def sign_out(self, token: str) -> None:
        """Makes a token invalid; one that is not good is ignored."""


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
