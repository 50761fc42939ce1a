"""`EmbeddedIdentity`: the users of the settings, with our own tokens.

A user belongs to one project and has the roles that the settings give. A token is 256 random bits; the store keeps its
sha256 and its user. What a token allows is read each time from the settings (and from the application credential that
it was issued for, if any), so that a user who was removed, moved or demoted there has no old rights left after a
restart.
"""

import asyncio
import hmac
import re
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Protocol as Interface

from cachetools import TTLCache
from pydantic import SecretStr

from keyhole.config import IdentitySettings
from keyhole.core.links import MAX_TOKEN_CHARACTERS, hash_token
from keyhole.errors import Forbidden, NotAuthenticated
from keyhole.identity.embedded.application_credentials import EmbeddedCredentials
from keyhole.identity.embedded.names import project_id_of, user_id_of
from keyhole.identity.embedded.passwords import MAX_PASSWORD_CHARACTERS, bytes_of, verify
from keyhole.identity.embedded.users import User, Users
from keyhole.identity.login_throttle import LoginThrottle
from keyhole.model import (
    ApiKeySignIn,
    CredentialSignIn,
    Identity,
    IdentityToken,
    PasswordSignIn,
    Project,
    RequesterToken,
    Scope,
    SignIn,
    TokenSignIn,
)
from keyhole.ports.identity import PersonSignIn
from keyhole.ports.stores import CredentialStore, TokenStore

TOKEN_BYTES = 32
AUDIT_ID_BYTES = 16

DOMAIN = "default"
"""The id of the one domain; its name differs in the first letter only."""

CONCURRENT_VERIFICATIONS = 2
"""How many passwords are verified at once: each takes 64 MiB and a thread."""

KNOWN_TOKENS = 4096
KNOWN_SECONDS = 5.0
"""How long a valid token is cached. One that is revoked here is dropped at once; one revoked by another process on the
same store stays valid here for up to this long.
"""

_ID = re.compile(r"[0-9a-f]{32}")


class IdentityStore(TokenStore, CredentialStore, Interface):
    """What the embedded identity stores."""


class EmbeddedIdentity:
    """A `TokenIssuer` and a `LoginProvider` over the users of the settings.

    `clock` gives the seconds since the epoch, by which tokens expire; `monotonic` measures how long they are cached.
    Raises SettingsError if a hash in the settings is invalid.
    """

    def __init__(
        self,
        settings: IdentitySettings,
        store: IdentityStore,
        clock: Callable[[], float],
        throttle: LoginThrottle,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._users = Users(settings.users)
        self._project_names = dict(self._users.project_names)
        self._lifetime_seconds = settings.token_lifetime_seconds
        self._store = store
        self._clock = clock
        self._throttle = throttle
        self._turns = asyncio.Semaphore(CONCURRENT_VERIFICATIONS)
        self.credentials = EmbeddedCredentials(self._users, store, clock)
        self._known: TTLCache[str, IdentityToken] = TTLCache(KNOWN_TOKENS, KNOWN_SECONDS, monotonic)
        self._revocations = 0

    async def validate(self, token: str) -> IdentityToken:
        """The contents of a valid token, with its current roles. Raises NotAuthenticated."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise NotAuthenticated
        token_hash, now = hash_token(token), self._clock()
        try:  # `get` would look it up twice
            known = self._known[token_hash]
        except KeyError:
            known = None
        if known is None or known.expires_at <= now:
            revocations = self._revocations
            kept = await self._store.find_token(token_hash, now)
            if kept is None:
                raise NotAuthenticated
            known = self._with_roles_of_now(kept)
            if revocations == self._revocations:  # otherwise it may be this token that was revoked meanwhile
                self._known[token_hash] = known
        if known.application_credential_id is None:
            return known
        user, credential = await self.credentials.check(known.application_credential_id)
        return replace(known, identity=user.acting(credential.roles))

    async def issue(self, sign_in: SignIn, scope: Scope | str, client: str) -> tuple[str, IdentityToken]:
        """A new token for valid credentials, for a project (name or id) or the scope's project.

        Raises NotAuthenticated, which never says what was wrong and always takes the same time; TooManyAttempts;
        Forbidden for a token of an application credential, which must not be exchanged.
        """
        match sign_in:
            case PasswordSignIn(user):
                async with self._throttle.attempt(_key_of(user), client, self._turns):
                    return await self._issue_for(await self._with_password(sign_in), scope)
            case ApiKeySignIn(user):
                async with self._throttle.attempt(_key_of(user), client, self._turns):
                    return await self._issue_for(await self._with_api_key(sign_in), scope)
            case CredentialSignIn(credential, user=user):
                if scope is not Scope.OWN_PROJECT:
                    raise NotAuthenticated(
                        "Error authenticating with application credential:"
                        " Application credentials cannot request a scope."
                    )
                async with self._throttle.attempt(_key_of(user or credential), client, nullcontext()):
                    return await self._issue_for_credential(sign_in)
            case TokenSignIn(token):
                return await self._issue_for_token(token.get_secret_value(), scope)

    async def revoke(self, token: str) -> None:
        """Makes a token invalid at once; an unknown one is ignored."""
        self._forget_known()
        await self._store.revoke_token(hash_token(token))
        self._forget_known()

    async def projects_of(self, user_id: str) -> Sequence[Project]:
        """The project that a user belongs to."""
        user = self._users.with_id(user_id)
        return [user.project] if user else []

    async def may_open(self, user_id: str, project_id: str, requester: RequesterToken | None) -> bool:
        """Whether the settings still let a user open the project's consoles, and the requester token was not revoked.

        A token that is gone before its expiry was revoked; one that was issued for an application credential is as
        valid as the credential, even after the token expired.
        """
        user = self._users.with_id(user_id)
        if user is None:
            return False
        roles = user.roles
        if requester is not None:
            now = self._clock()
            if now < requester.expires_at and await self._store.find_token(hash_token(requester.token), now) is None:
                return False
            if requester.application_credential_id is not None:
                try:
                    user, credential = await self.credentials.check(requester.application_credential_id)
                except NotAuthenticated:
                    return False
                roles = credential.roles
        return user.acting(roles).may_open_consoles_of(project_id)

    def project_id_of(self, name: str) -> str:
        """The id of a project that the settings name."""
        project_id = project_id_of(name)
        self._project_names[project_id] = name
        return project_id

    def project_name(self, project_id: str) -> str | None:
        """The name of a project that the settings name, by a user or a server."""
        return self._project_names.get(project_id)

    async def sign_in(self, person: PersonSignIn, client: str) -> tuple[str, IdentityToken]:
        """A token for a person's project. Raises NotAuthenticated, TooManyAttempts."""
        password = PasswordSignIn(person.username, person.password)
        if person.domain is not None and person.domain.lower() != DOMAIN:
            raise NotAuthenticated
        return await self.issue(password, person.project or Scope.OWN_PROJECT, client)

    async def sign_out(self, token: str) -> None:
        """Makes a token invalid at once."""
        await self.revoke(token)

    async def check(self) -> Sequence[str]:
        """No problems: the settings are always available, and the store reports its own."""
        return ()

    def _forget_known(self) -> None:
        self._revocations += 1
        self._known.clear()

    def _with_roles_of_now(self, kept: IdentityToken) -> IdentityToken:
        """The token with what its user may do by the settings, which stay as they are while this runs.

        A credential's token is not cached: the credential, which may be deleted, is looked up every time.
        """
        if kept.application_credential_id is not None:
            return kept
        found = self._users.with_id(kept.identity.user_id)
        if found is None or kept.identity.project_id not in (None, found.project.id):
            raise NotAuthenticated
        identity = found.unscoped if kept.identity.project_id is None else found.acting(found.roles)
        return replace(kept, identity=identity)

    async def _with_password(self, given: PasswordSignIn) -> User:
        user = self._users.find(given.user)
        plain = user.plain_password if user else None
        good = await _verify(given.password, user.password_hash if user else None)
        if plain is not None:
            good = hmac.compare_digest(bytes_of(given.password), bytes_of(plain))
        if user is None or not good:
            raise NotAuthenticated
        return user

    async def _with_api_key(self, given: ApiKeySignIn) -> User:
        user = self._users.find(given.user)
        good = await _verify(given.api_key, user.api_key_hash if user else None)
        if user is None or not good:
            raise NotAuthenticated
        return user

    async def _issue_for(self, user: User, scope: Scope | str) -> tuple[str, IdentityToken]:
        return await self._add(_scoped(user, scope), ("password",), self._clock() + self._lifetime_seconds)

    async def _issue_for_credential(self, given: CredentialSignIn) -> tuple[str, IdentityToken]:
        user, credential = await self.credentials.sign_in(given)
        expires_at = self._clock() + self._lifetime_seconds
        if credential.expires_at is not None:
            expires_at = min(expires_at, credential.expires_at)
        return await self._add(user.acting(credential.roles), ("application_credential",), expires_at, credential.id)

    async def _issue_for_token(self, token: str, scope: Scope | str) -> tuple[str, IdentityToken]:
        parent = await self.validate(token)
        if parent.application_credential_id is not None:
            raise Forbidden(
                "You are not authorized to perform the requested action:"
                " Using a delegated token to create another token is not allowed."
            )
        user = self._users.with_id(parent.identity.user_id)
        if user is None:
            raise NotAuthenticated
        methods = tuple(dict.fromkeys((*parent.methods, "token")))
        return await self._add(_scoped(user, scope), methods, parent.expires_at)

    async def _add(
        self, identity: Identity, methods: tuple[str, ...], expires_at: float, credential_id: str | None = None
    ) -> tuple[str, IdentityToken]:
        token = secrets.token_urlsafe(TOKEN_BYTES)
        kept = IdentityToken(
            token_hash=hash_token(token),
            identity=identity,
            methods=methods,
            audit_id=secrets.token_urlsafe(AUDIT_ID_BYTES),
            issued_at=self._clock(),
            expires_at=expires_at,
            application_credential_id=credential_id,
        )
        await self._store.add_token(kept)
        return token, kept


def _scoped(user: User, scope: Scope | str) -> Identity:
    """Who a user is in a scope. Raises NotAuthenticated for another project than the user's."""
    match scope:
        case Scope.UNSCOPED:
            return user.unscoped
        case Scope.OWN_PROJECT | user.project.name | user.project.id:
            return user.acting(user.roles)
        case _:
            raise NotAuthenticated


async def _verify(secret: SecretStr, expected: SecretStr | None) -> bool:
    """Whether a secret belongs to a hash; takes the same time if there is no hash or the secret is absurdly long."""
    if len(secret.get_secret_value()) > MAX_PASSWORD_CHARACTERS:
        secret, expected = SecretStr(""), None
    return await verify(secret, expected)


def _key_of(user: str) -> str:
    """The key under which a user's attempts are counted: the id that the text is or stands for, even if there is no
    such user.
    """
    # JSON allows lone surrogates, from which no id can be derived; no user has such a name.
    return user if _ID.fullmatch(user) else user_id_of(user.encode("utf-8", "replace").decode())
