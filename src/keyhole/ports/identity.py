"""Who a user is and what the user may do. Implementations are in identity/ and must pass one suite in tests/contract/.

Every method may raise `Unavailable`; other errors are listed with the method.
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
    """Validates identity tokens."""

    async def validate(self, token: str) -> IdentityToken:
        """The contents of a valid token. Raises NotAuthenticated."""

    async def may_open(self, user_id: str, project_id: str, requester: RequesterToken | None) -> bool:
        """Whether the user of that requester token may still open consoles of a project.

        An expired token does not change this. Without a requester token: as far as that is known.
        """

    def project_name(self, project_id: str) -> str | None:
        """A project's name; None if it is not known without a request."""

    async def check(self) -> Sequence[str]:
        """One sentence for each problem, for /readyz."""


class TokenIssuer(IdentityProvider, Interface):
    """An identity provider that issues tokens itself (the embedded one)."""

    async def issue(self, sign_in: SignIn, scope: Scope | str, client: str) -> tuple[str, IdentityToken]:
        """A new token for valid credentials, for a project (its name or id, or the scope that stands for one).

        `client` is the client's address, by which failures are counted. A token for a token expires when that one does.
        Raises NotAuthenticated, after the same time whether the user exists or not; TooManyAttempts; Forbidden for a
        token that was issued for an application credential, which may not be exchanged.
        """

    async def revoke(self, token: str) -> None:
        """Makes a token invalid at once."""

    async def projects_of(self, user_id: str) -> Sequence[Project]:
        """The projects that a user may act in."""


@dataclass(frozen=True, slots=True)
class PersonSignIn:
    """What a person enters to sign in: a name and password, and domains or a project where needed."""

    username: str
    password: SecretStr
    project: str | None = None
    domain: str | None = None


class LoginProvider(Interface):
    """Signs people in with the identity service that issues the tokens."""

    async def sign_in(self, person: PersonSignIn, client: str) -> tuple[str, IdentityToken]:
        """A new token for a project. `client` is the client's address, by which failures are counted.

        Raises NotAuthenticated, TooManyAttempts; ProjectNeeded if the person is in several projects and named none.
        """

    async def sign_out(self, token: str) -> None:
        """Makes a token invalid; one that is not valid is ignored."""


@dataclass(frozen=True, slots=True)
class CredentialSpec:
    """A request for an application credential. `roles` None: all roles of the token's holder."""

    name: str
    description: str = ""
    roles: frozenset[str] | None = None
    expires_at: float | None = None
    unrestricted: bool = False


class ApplicationCredentials(Interface):
    """Creates and deletes application credentials for the holders of tokens."""

    async def create(
        self, holder: IdentityToken, spec: CredentialSpec
    ) -> tuple[ApplicationCredential, SecretStr] | None:
        """A new credential of the holder in the token's project, and its secret, which is returned only here.

        None if the holder already has one of that name. Raises Forbidden for roles that the token lacks, for a token
        without a project or of a restricted credential, and beyond the number that a user may have.
        """

    async def list_of(self, user_id: str) -> Sequence[ApplicationCredential]:
        """All credentials of a user, the oldest first."""

    async def find(self, user_id: str, credential_id: str) -> ApplicationCredential | None:
        """One credential of a user."""

    async def delete(self, holder: IdentityToken, credential: ApplicationCredential) -> None:
        """Deletes a credential at once, with all tokens issued for it. Raises Forbidden for a token of a restricted
        credential.
        """
