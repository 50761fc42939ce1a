"""`KeystoneLogin`: people sign in here with their password for the operator's Keystone, which issues the token.

The password is passed on at once and not stored. Failures are counted as for the embedded identity, before Keystone is
asked, so that guessing here is no faster.
"""

import asyncio

from keyhole.errors import NotAuthenticated
from keyhole.identity.embedded.passwords import MAX_PASSWORD_CHARACTERS
from keyhole.identity.keystone.provider import KeystoneIdentity
from keyhole.identity.login_throttle import LoginThrottle
from keyhole.model import IdentityToken
from keyhole.ports.identity import PersonSignIn

CONCURRENT_SIGN_INS = 4
"""How many passwords are checked with Keystone at once; half of the concurrent requests are reserved for tokens."""


class KeystoneLogin:
    """A `LoginProvider`."""

    def __init__(self, identity: KeystoneIdentity, throttle: LoginThrottle) -> None:
        self._identity = identity
        self._throttle = throttle
        self._turns = asyncio.Semaphore(CONCURRENT_SIGN_INS)

    async def sign_in(self, person: PersonSignIn, client: str) -> tuple[str, IdentityToken]:
        """A Keystone token for a person and one project. Raises as in the port, and Unavailable."""
        password = person.password.get_secret_value()
        async with self._throttle.attempt(f"{person.domain or ''}/{person.username}", client, self._turns):
            if len(password) > MAX_PASSWORD_CHARACTERS:
                raise NotAuthenticated
            token = await self._identity.sign_in(person.username, password, person.project, person.domain)
            if token is None:
                raise NotAuthenticated
            return token, await self._identity.validate(token)

    async def sign_out(self, token: str) -> None:
        """Revokes a token in Keystone. Raises Unavailable."""
        await self._identity.forget(token)
