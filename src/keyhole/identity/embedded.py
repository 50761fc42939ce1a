"""`EmbeddedIdentity`: the users of the settings, with tokens of our own.

A user belongs to one project and has the roles that the settings give. Ids are derived from names (`names.py`).
A token is 256 random bits; the store keeps its sha256 and whose it is. What a token allows is read from the settings
each time, so that a user who was taken out, moved or demoted there has no old rights left after a restart.
"""

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydantic import SecretStr

from keyhole.config import IdentitySettings, UserSettings
from keyhole.consoles import MAX_TOKEN_CHARACTERS, hash_token
from keyhole.errors import NotAuthenticated, SettingsError
from keyhole.identity.names import project_id_of, user_id_of
from keyhole.identity.passwords import MAX_PASSWORD_CHARACTERS, Passwords, bytes_of, is_hash
from keyhole.model import Identity, IdentityToken
from keyhole.ports import OWN_PROJECT, UNSCOPED, TokenStore

TOKEN_BYTES = 32
AUDIT_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class _User:
    """A user of the settings under its derived ids."""

    id: str
    name: str
    project_id: str
    project_name: str
    roles: frozenset[str]
    password_hash: SecretStr | None
    plain_password: SecretStr | None
    api_key_hash: SecretStr | None

    def identity(self, *, scoped: bool) -> Identity:
        """Who this user is with a token for the project, or with an unscoped one, which carries no roles."""
        if not scoped:
            return Identity(self.id, self.name)
        return Identity(self.id, self.name, self.project_id, self.project_name, self.roles)


class EmbeddedIdentity:
    """A `TokenIssuer` over the users of the settings. `clock` gives the seconds since the epoch.

    Raises SettingsError when a hash in the settings is none.
    """

    def __init__(self, settings: IdentitySettings, store: TokenStore, clock: Callable[[], float]) -> None:
        users = [_read_user(user) for user in settings.users]
        self._by_id = {user.id: user for user in users}
        self._by_name = {user.name: user for user in users}
        self._lifetime_seconds = settings.token_lifetime_seconds
        self._store = store
        self._clock = clock
        self._passwords = Passwords()

    async def validate(self, token: str) -> IdentityToken:
        """The contents of a good token, with the roles that its user has now. Raises NotAuthenticated."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise NotAuthenticated
        kept = await self._store.find_token(hash_token(token), self._clock())
        if kept is None:
            raise NotAuthenticated
        user = self._by_id.get(kept.identity.user_id)
        if user is None or kept.identity.project_id not in (None, user.project_id):
            raise NotAuthenticated
        return replace(kept, identity=user.identity(scoped=kept.identity.project_id is not None))

    async def issue_for_password(
        self, user: str, password: SecretStr, project: str | None
    ) -> tuple[str, IdentityToken]:
        """A new token for a user (name or id), for a project (name or id, OWN_PROJECT or UNSCOPED).

        Raises NotAuthenticated, which never says what was wrong, after the same time whatever was wrong.
        """
        found = self._find(user)
        plain = found.plain_password if found else None
        good = await self._verify(password, found.password_hash if found else None)
        if plain is not None:
            good = hmac.compare_digest(bytes_of(password), bytes_of(plain))
        return await self._issue_if(good, found, project)

    async def issue_for_api_key(self, user: str, api_key: SecretStr, project: str | None) -> tuple[str, IdentityToken]:
        """As `issue_for_password`, with the user's API key."""
        found = self._find(user)
        good = await self._verify(api_key, found.api_key_hash if found else None)
        return await self._issue_if(good, found, project)

    async def issue_for_token(self, token: str, project: str | None) -> tuple[str, IdentityToken]:
        """A new token for the holder of a good one; it expires when that one does. Raises NotAuthenticated."""
        parent = await self.validate(token)
        methods = tuple(dict.fromkeys((*parent.methods, "token")))
        return await self._issue(self._by_id[parent.identity.user_id], project, methods, parent.expires_at)

    async def revoke(self, token: str) -> None:
        """Makes a token invalid at once; an unknown one is ignored."""
        await self._store.revoke_token(hash_token(token))

    async def troubles(self) -> Sequence[str]:
        """None: the settings are always there; the store tells its own."""
        return ()

    def _find(self, user: str) -> _User | None:
        return self._by_name.get(user) or self._by_id.get(user)

    async def _verify(self, secret: SecretStr, expected: SecretStr | None) -> bool:
        if len(secret.get_secret_value()) > MAX_PASSWORD_CHARACTERS:
            secret, expected = SecretStr(""), None
        return await self._passwords.verify(secret, expected)

    async def _issue_if(self, good: bool, user: _User | None, project: str | None) -> tuple[str, IdentityToken]:
        if user is None or not good:
            raise NotAuthenticated
        return await self._issue(user, project, ("password",), self._clock() + self._lifetime_seconds)

    async def _issue(
        self, user: _User, project: str | None, methods: tuple[str, ...], expires_at: float
    ) -> tuple[str, IdentityToken]:
        if project not in (OWN_PROJECT, UNSCOPED, user.project_name, user.project_id):
            raise NotAuthenticated
        token = secrets.token_urlsafe(TOKEN_BYTES)
        kept = IdentityToken(
            token_hash=hash_token(token),
            identity=user.identity(scoped=project != UNSCOPED),
            methods=methods,
            audit_id=secrets.token_urlsafe(AUDIT_ID_BYTES),
            issued_at=self._clock(),
            expires_at=expires_at,
        )
        await self._store.add_token(kept)
        return token, kept


def _read_user(user: UserSettings) -> _User:
    for key in ("password_hash", "api_key_hash"):
        given: SecretStr | None = getattr(user, key)
        if given is not None and not is_hash(given):
            raise SettingsError(
                f"identity.users: {key} of {user.name!r} is not a hash; make one with `keyhole config hash-password`"
            )
    return _User(
        id=user_id_of(user.name),
        name=user.name,
        project_id=project_id_of(user.project),
        project_name=user.project,
        roles=frozenset(user.roles),
        password_hash=user.password_hash,
        plain_password=user.password,
        api_key_hash=user.api_key_hash,
    )
