"""Application credentials of the embedded identity's users.

A secret is 256 random bits generated here, so only its sha256 is stored: it cannot be guessed, and a program that signs
in often does not need a slow password hash.
"""

import hmac
import secrets
import uuid
from collections.abc import Callable, Sequence

from pydantic import SecretStr

from keyhole.core.links import hash_token
from keyhole.errors import Forbidden, NotAuthenticated
from keyhole.identity.embedded.users import User, Users
from keyhole.model import ApplicationCredential, CredentialSignIn, IdentityToken
from keyhole.ports.identity import CredentialSpec
from keyhole.ports.stores import CredentialStore

SECRET_BYTES = 32

MAX_PER_USER = 100
"""How many credentials a user may have."""

_REFUSED = "You are not authorized to perform the requested action:"


class EmbeddedCredentials:
    """The `ApplicationCredentials` of the users of the settings. `clock` gives the seconds since the epoch."""

    def __init__(self, users: Users, store: CredentialStore, clock: Callable[[], float]) -> None:
        self._users = users
        self._store = store
        self._clock = clock

    async def create(
        self, holder: IdentityToken, spec: CredentialSpec
    ) -> tuple[ApplicationCredential, SecretStr] | None:
        """A new credential and its secret; None when the holder has one of that name. Raises Forbidden."""
        await self._refuse_restricted(holder)
        identity = holder.identity
        roles = identity.roles if spec.roles is None else spec.roles
        if identity.project_id is None:
            raise Forbidden(f"{_REFUSED} an application credential needs a token for a project.")
        if not roles <= identity.roles:
            raise Forbidden(f"{_REFUSED} an application credential has no roles that your token lacks.")
        if len(await self._store.list_credentials(identity.user_id)) >= MAX_PER_USER:
            raise Forbidden(
                "Unable to create additional application credentials, "
                f"maximum of {MAX_PER_USER} already exceeded for user; delete one."
            )
        secret = secrets.token_urlsafe(SECRET_BYTES)
        credential = ApplicationCredential(
            id=uuid.uuid4().hex,
            user_id=identity.user_id,
            name=spec.name,
            secret_hash=hash_token(secret),
            project_id=identity.project_id,
            roles=roles,
            created_at=self._clock(),
            expires_at=spec.expires_at,
            description=spec.description,
            unrestricted=spec.unrestricted,
        )
        return (credential, SecretStr(secret)) if await self._store.add_credential(credential) else None

    async def list_of(self, user_id: str) -> Sequence[ApplicationCredential]:
        """All credentials of a user, the oldest first."""
        return await self._store.list_credentials(user_id)

    async def find(self, user_id: str, credential_id: str) -> ApplicationCredential | None:
        """One credential of a user."""
        credential = await self._store.find_credential(credential_id)
        return credential if credential is not None and credential.user_id == user_id else None

    async def delete(self, holder: IdentityToken, credential: ApplicationCredential) -> None:
        """Deletes a credential; the tokens issued for it are invalid from now on. Raises Forbidden."""
        await self._refuse_restricted(holder)
        await self._store.delete_credential(credential.id)

    async def sign_in(self, given: CredentialSignIn) -> tuple[User, ApplicationCredential]:
        """The user of a valid credential, and the credential. Raises NotAuthenticated."""
        credential = await self._named(given)
        expected = credential.secret_hash if credential else ""
        good = hmac.compare_digest(hash_token(given.secret.get_secret_value()), expected)
        if credential is None or not good:
            raise NotAuthenticated
        return self._usable(credential), credential

    async def check(self, credential_id: str) -> tuple[User, ApplicationCredential]:
        """The user and the credential of a token that was issued for it. Raises NotAuthenticated if it is not valid
        now.
        """
        credential = await self._store.find_credential(credential_id)
        if credential is None:
            raise NotAuthenticated
        return self._usable(credential), credential

    async def _named(self, given: CredentialSignIn) -> ApplicationCredential | None:
        if given.user is None:
            return await self._store.find_credential(given.credential)
        user = self._users.find(given.user)
        owned = await self._store.list_credentials(user.id if user else "")
        return next((one for one in owned if one.name == given.credential), None)

    def _usable(self, credential: ApplicationCredential) -> User:
        """The credential's user, who must still have the credential's project and roles."""
        user = self._users.with_id(credential.user_id)
        if user is None or user.project.id != credential.project_id or not credential.roles <= user.roles:
            raise NotAuthenticated
        if credential.expires_at is not None and credential.expires_at <= self._clock():
            raise NotAuthenticated
        return user

    async def _refuse_restricted(self, holder: IdentityToken) -> None:
        if holder.application_credential_id is None:
            return
        _, credential = await self.check(holder.application_credential_id)
        if not credential.unrestricted:
            raise Forbidden(
                f"{_REFUSED} Using method 'application_credential' is not allowed for managing additional"
                " application credentials."
            )
