"""The use cases of a console: create its link, inspect a link, redeem it, undo that, read the console log.

No HTTP, no sockets, no SQL. A link's token is 122 random bits (uuid4, the form that clients parse); only its sha256
is stored. The API's operations table checks the caller's role before it calls this module.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from keyhole.core.servers import Servers
from keyhole.crypto.sealing import seal, unseal
from keyhole.errors import ConsoleUnavailable, ServerNotFound, TargetFailed, TokenRefused, TokenUnknown
from keyhole.identifiers import random_uuid
from keyhole.model import CONSOLE_TYPES, ConsoleType, Grant, Identity, Location, RequesterToken, Rights
from keyhole.ports.openings import CameBy, Opening
from keyhole.ports.stores import GrantStore
from keyhole.reasons import Reason

MAX_TOKEN_CHARACTERS = 256
"""Longer than any token that was ever issued: not worth hashing."""

KEEP_EXPIRED_SECONDS = 24 * 3600
"""How long an expired grant can still be distinguished from an unknown one."""


@dataclass(frozen=True, slots=True)
class Console:
    """A console that was created: its type and the URL that opens it. The URL contains the token."""

    type: ConsoleType
    url: str
    grant: Grant


@dataclass(frozen=True, slots=True)
class GrantRules:
    """How long a link lives and whether it opens more than once until then."""

    lifetime_seconds: int
    reusable: bool


def hash_token(token: str) -> str:
    """The sha256, in hex, under which a token is stored."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def requester_of(grant: Grant, secret: str) -> RequesterToken | None:
    """What a grant was requested with, opened with the secret that sealed it; None if that is not known."""
    return None if grant.sealed_requester is None else unseal(grant.sealed_requester, secret)


class Links:
    """Creates and redeems grants; the `TokenResolver` of Keyhole's own tokens.

    `clock` gives the seconds since the epoch.
    """

    def __init__(
        self,
        servers: Servers,
        store: GrantStore,
        rules: GrantRules,
        public_url: str,
        clock: Callable[[], float],
    ) -> None:
        self._servers = servers
        self._store = store
        self._rules = rules
        self._public_url = public_url.rstrip("/")
        self._clock = clock

    @property
    def reusable(self) -> bool:
        """Whether a link opens more than once."""
        return self._rules.reusable

    async def create(
        self, identity: Identity, server_id: str, console_type: ConsoleType, requester: RequesterToken | None = None
    ) -> Console:
        """Creates a link that opens a server's console, for the caller with this requester token.

        Raises ServerNotFound, ServerNotReady, ServerBusy, ConsoleUnavailable (naming the type), Unavailable.
        """
        try:
            driver, location = await self._servers.locate_for(identity, server_id, console_type)
        except ConsoleUnavailable as failure:
            raise ConsoleUnavailable(console_type) from failure
        token = random_uuid()
        sealed_requester = None if requester is None else seal(requester, token)
        grant = self._grant(token, identity, location, console_type, sealed_requester, driver.name)
        await self._store.add_grant(grant)
        return Console(console_type, self._url(console_type, token), grant)

    async def inspect(self, token: str | None) -> Grant:
        """What a valid link opens, without redeeming it. Raises TokenRefused with the reason that `redeem` would."""
        token_hash = self._checked_hash(token)
        grant = await self._store.find_grant(token_hash)
        if grant is None or self._fault_of(grant) is not None:
            raise self._refusal(grant)
        return grant

    async def resolve(self, token: str, came_by: CameBy) -> Opening | None:
        """Like `redeem`; None for a token that was not issued here."""
        try:
            return await self.redeem(token)
        except TokenUnknown:
            return None

    async def redeem(self, token: str | None) -> Opening:
        """Redeems a link: marks its grant as used and asks the driver where the console is now.

        Raises TokenRefused; TargetFailed (server_moved) when the console is no longer where it was when the grant was
        made, since ports are reused and another server may be there now; Unavailable. If the console never opens,
        `release` makes the grant usable again; `redeem` does so itself when it raises.
        """
        grant = await self.claim(self._checked_hash(token))
        try:
            return await self._located(grant, requester_of(grant, token or ""))
        except BaseException:
            await self.release(grant)
            raise

    async def claim(self, token_hash: str) -> Grant:
        """Marks a grant as used, without asking where its console is. Raises TokenRefused."""
        grant = await self._store.redeem_grant(token_hash, self._clock(), reusable=self._rules.reusable)
        if grant is None:
            raise self._refusal(await self._store.find_grant(token_hash))
        return grant

    async def is_revoked(self, grant: Grant) -> bool:
        """Whether a link has been revoked meanwhile."""
        kept = await self._store.find_grant(grant.token_hash)
        return kept is not None and kept.revoked_at is not None

    async def release(self, grant: Grant) -> None:
        """Undoes a redemption: the console never opened, so its link may be tried again until it expires."""
        await self._store.release_grant(grant.token_hash)

    async def log(self, identity: Identity, server_id: str, lines: int | None) -> bytes:
        """The last lines of a server's serial log, as written by the guest; all of them if None.

        Raises ServerNotFound, LogUnavailable, Unavailable.
        """
        return await self._servers.log(identity, server_id, lines)

    async def sweep(self) -> int:
        """Forgets grants that expired long ago; returns how many."""
        return await self._store.sweep_grants(self._clock() - KEEP_EXPIRED_SECONDS)

    async def _located(self, grant: Grant, requester: RequesterToken | None) -> Opening:
        try:
            driver, location = await self._servers.locate(
                grant.server_id, grant.project_id, grant.console_type, grant.driver
            )
        except (ServerNotFound, ConsoleUnavailable) as failure:
            raise TokenRefused(Reason.TOKEN_UNKNOWN, "The server of this token no longer exists.") from failure
        if location.place != grant.address:
            raise TargetFailed(Reason.SERVER_MOVED, "the console is no longer where it was when the link was made")
        return Opening(grant, driver, location, requester)

    def _grant(
        self,
        token: str,
        identity: Identity,
        location: Location,
        console_type: ConsoleType,
        sealed_requester: str | None,
        driver: str,
    ) -> Grant:
        now, server = self._clock(), location.server
        return Grant(
            token_hash=hash_token(token),
            user_id=identity.user_id,
            user_name=identity.user_name,
            project_id=server.project_id,
            server_id=server.id,
            server_name=server.name,
            console_type=console_type,
            address=location.place,
            rights=Rights.CONTROL,
            created_at=now,
            expires_at=now + self._rules.lifetime_seconds,
            sealed_requester=sealed_requester,
            driver=driver,
        )

    def _url(self, console_type: ConsoleType, token: str) -> str:
        kind = CONSOLE_TYPES[console_type]
        base = self._public_url
        if kind.websocket_url:
            base = "ws" + base.removeprefix("http")
        return f"{base}{kind.url_path}{token}"

    def _checked_hash(self, token: str | None) -> str:
        if not token:
            raise TokenRefused(Reason.TOKEN_MISSING, "The request carries no console token.")
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise TokenUnknown
        return hash_token(token)

    def _fault_of(self, grant: Grant) -> Reason | None:
        if grant.revoked_at is not None:
            return Reason.REVOKED
        if grant.expires_at <= self._clock():
            return Reason.TOKEN_EXPIRED
        if grant.redeemed_at is not None and not self._rules.reusable:
            return Reason.TOKEN_USED
        return None

    def _refusal(self, grant: Grant | None) -> TokenRefused:
        if grant is None:
            return TokenUnknown()
        fault = self._fault_of(grant)
        if fault is Reason.REVOKED:
            return TokenRefused(Reason.REVOKED, "The console token was withdrawn.")
        if fault is Reason.TOKEN_EXPIRED:
            return TokenRefused(
                Reason.TOKEN_EXPIRED,
                "The console token has expired.",
                expires_at=grant.expires_at,
                lifetime_seconds=grant.lifetime_seconds,
            )
        # Also when it is valid again by now: a moment ago another client was redeeming it.
        return TokenRefused(Reason.TOKEN_USED, "The console token has been used.")
