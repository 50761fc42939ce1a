"""The identity service that the settings choose, as one value: who validates and issues tokens, and how projects are
named.

Keystone's part is only imported if the settings choose it: its libraries are an extra.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from keyhole.config import IdentitySettings
from keyhole.config.extras import require_extra
from keyhole.identity.embedded import names
from keyhole.identity.embedded.provider import EmbeddedIdentity, IdentityStore
from keyhole.identity.embedded.users import Users
from keyhole.identity.login_throttle import LoginThrottle
from keyhole.ports.identity import ApplicationCredentials, IdentityProvider, LoginProvider, TokenIssuer


@dataclass(frozen=True, slots=True)
class IdentityBackend:
    """One identity service. `issuer` and `credentials` are None if another service issues tokens; `url` is where
    clients get them; people sign in through `login` in either case. `throttle` counts the sign-ins that fail.

    `project_id_of` returns the id of a project as the settings name it.
    """

    provider: IdentityProvider
    login: LoginProvider
    issuer: TokenIssuer | None
    credentials: ApplicationCredentials | None
    url: str
    throttle: LoginThrottle
    project_id_of: Callable[[str], str]


def check_settings(settings: IdentitySettings) -> Callable[[str], str]:
    """Checks the settings as far as possible without starting anything; returns the function that reads projects.

    Raises SettingsError.
    """
    match settings.backend:
        case "embedded":
            Users(settings.users)
            return names.project_id_of
        case "keystone":
            require_extra("keystone", 'identity.backend = "keystone"')
            from keyhole.identity.keystone import provider as keystone

            keystone.check_settings(settings)
            return keystone.project_id_of


@asynccontextmanager
async def open_backend(
    settings: IdentitySettings,
    public_url: str,
    store: IdentityStore,
    clock: Callable[[], float],
    throttle: LoginThrottle,
) -> AsyncIterator[IdentityBackend]:
    """The backend of the settings, while the context lasts. Raises SettingsError."""
    match settings.backend:
        case "embedded":
            embedded = EmbeddedIdentity(settings, store, clock, throttle)
            url = f"{public_url}/identity"
            yield IdentityBackend(
                embedded, embedded, embedded, embedded.credentials, url, throttle, embedded.project_id_of
            )
        case "keystone":
            from keyhole.identity.keystone.login import KeystoneLogin
            from keyhole.identity.keystone.provider import KeystoneIdentity, project_id_of

            async with KeystoneIdentity.open(settings, clock) as remote:
                login = KeystoneLogin(remote, throttle)
                yield IdentityBackend(remote, login, None, None, settings.keystone_url, throttle, project_id_of)
