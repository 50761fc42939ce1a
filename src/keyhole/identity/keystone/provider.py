"""`KeystoneIdentity`: the users of an operator's Keystone, which issues and validates all tokens.

Keystone's answers are cached for up to `CACHE_SECONDS`, as in keystonemiddleware: a token revoked there may stay valid
here for at most that long. Concurrent requests with the same token ask Keystone once.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Self, TypeVar

from cachetools import LRUCache, TTLCache
from pydantic import AwareDatetime, BaseModel, ValidationError

from keyhole.config import IdentitySettings
from keyhole.core.links import hash_token
from keyhole.errors import NotAuthenticated, SettingsError, Unavailable
from keyhole.identity.keystone.client import KeystoneClient
from keyhole.model import Identity, IdentityToken, RequesterToken
from keyhole.net.threads import Threads

CACHE_SECONDS = 300.0
"""How long a valid token is cached; never beyond its own expiry."""

REFUSED_SECONDS = 10.0
"""How long a refused token is cached."""

CACHE_SIZE = 10_000
"""How many valid tokens are cached at most, and how many refused ones."""

THREADS = 8
"""How many requests are sent to Keystone at once."""

MAX_WAITING = 256
"""How many tokens may wait for Keystone at once; for further ones it counts as unavailable."""

ANSWER_SECONDS = 12.0
"""How long one validation may take, including Keyhole's own sign-in and the time in the queue."""

REQUESTER_SECONDS = 5.0
"""How long the answer for a console's token is cached, however often its viewer reconnects."""

NOBODY = Identity("", "")
"""The identity for a token that Keystone no longer accepts: without roles."""

EXPIRED_MARGIN_SECONDS = 120.0
"""The margin before Keystone drops an expired token during which it is no longer asked: clocks differ."""

PROBLEMS_SECONDS = 5.0
"""How long the result of a check of Keystone is cached."""

_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
"""What a token may look like: fernet, JWS and older ones are printable ASCII."""

_PROJECT_ID = re.compile(r"[0-9a-f-]{32,64}")

T = TypeVar("T")


class _Named(BaseModel):
    id: str
    name: str


class _Role(BaseModel):
    name: str


class _Token(BaseModel):
    """Keystone's "token" object, as far as it is used."""

    user: _Named
    project: _Named | None = None
    roles: tuple[_Role, ...] = ()
    methods: tuple[str, ...] = ()
    audit_ids: tuple[str, ...] = ()
    issued_at: AwareDatetime
    expires_at: AwareDatetime


class KeystoneIdentity:
    """An `IdentityProvider`. Created by `open`.

    `clock` gives the seconds since the epoch, by which tokens expire; `monotonic` measures the age of cached answers.
    """

    def __init__(
        self,
        client: KeystoneClient,
        threads: Executor,
        clock: Callable[[], float],
        expired_seconds: float = 0.0,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`expired_seconds`: how long Keystone still answers for an expired token."""
        self._client = client
        self._threads = threads
        self._clock = clock
        self._valid: TTLCache[str, IdentityToken] = TTLCache(CACHE_SIZE, CACHE_SECONDS, monotonic)
        self._refused: TTLCache[str, bool] = TTLCache(CACHE_SIZE, REFUSED_SECONDS, monotonic)
        self._project_names: LRUCache[str, str] = LRUCache(CACHE_SIZE)
        self._requesters: TTLCache[str, Identity] = TTLCache(CACHE_SIZE, REQUESTER_SECONDS, monotonic)
        self._expired_seconds = expired_seconds
        self._asking: dict[str, asyncio.Task[IdentityToken]] = {}
        self._problems: TTLCache[str, tuple[str, ...]] = TTLCache(1, PROBLEMS_SECONDS, monotonic)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: IdentitySettings, clock: Callable[[], float]) -> AsyncIterator[Self]:
        """The Keystone of the settings; it need not answer yet. Raises SettingsError if `cafile` does not exist."""
        check_settings(settings)
        client = KeystoneClient(settings)
        threads = Threads(THREADS, thread_name_prefix="keystone")
        identity = cls(client, threads, clock, settings.expired_token_seconds)
        try:
            yield identity
        finally:
            for task in tuple(identity._asking.values()):
                task.cancel()
            threads.shutdown(wait=False, cancel_futures=True)
            client.close()

    async def validate(self, token: str) -> IdentityToken:
        """Keystone's answer for a token. Raises NotAuthenticated; Unavailable if Keystone does not answer."""
        if not _TOKEN.fullmatch(token):
            raise NotAuthenticated
        key = hash_token(token)
        known = self._valid.get(key)
        if known is not None and known.expires_at > self._clock():
            return known
        if key in self._refused:
            raise NotAuthenticated
        task = self._asking.get(key)
        if task is None:
            if len(self._asking) >= MAX_WAITING:
                raise Unavailable("The identity service has too many tokens to validate at once.")
            task = asyncio.create_task(self._ask(key, token))  # noqa: TID251  # kept while anybody waits for it
            self._asking[key] = task
            task.add_done_callback(lambda done: self._answered(key, done))
        return await asyncio.shield(task)

    async def may_open(self, user_id: str, project_id: str, requester: RequesterToken | None) -> bool:
        """Whether Keystone still accepts the requester token. Raises Unavailable.

        The cache of valid tokens is not used. For a limited time Keystone still answers for expired tokens; after that,
        and without a requester token, nothing is known and no session ends.
        """
        if requester is None or self._clock() > requester.expires_at + self._expired_seconds - EXPIRED_MARGIN_SECONDS:
            return True
        key = hash_token(requester.token)
        holder = self._requesters.get(key)
        if holder is None:
            content = await self._in_thread(lambda: self._client.show_token(requester.token, expired=True))
            if content is None:
                self._valid.pop(key, None)
            holder = NOBODY if content is None else _read(key, content).identity
            self._requesters[key] = holder
        return holder.may_open_consoles_of(project_id)

    def project_name(self, project_id: str) -> str | None:
        """A project's name, once a request had a token for it."""
        return self._project_names.get(project_id)

    async def sign_in(self, username: str, password: str, project: str | None, domain: str | None) -> str | None:
        """A token for a person; None if Keystone refuses. Raises ProjectNeeded; Unavailable."""
        return await self._in_thread(lambda: self._client.sign_in(username, password, project, domain))

    async def forget(self, token: str) -> None:
        """Revokes a token in Keystone and here. Raises Unavailable."""
        if _TOKEN.fullmatch(token):
            await self._in_thread(lambda: self._client.revoke_token(token))
            self._valid.pop(hash_token(token), None)
            self._requesters.pop(hash_token(token), None)

    async def check(self) -> Sequence[str]:
        """Whether Keystone answers, and accepts Keyhole's own user."""
        known = self._problems.get("")
        if known is not None:
            return known
        found: tuple[str, ...] = ()
        try:
            await self._in_thread(self._client.check)
        except Unavailable as problem:
            found = (str(problem),)
        self._problems[""] = found
        return found

    async def _ask(self, key: str, token: str) -> IdentityToken:
        content = await self._in_thread(lambda: self._client.show_token(token))
        if content is None:
            self._refused[key] = True
            raise NotAuthenticated
        parsed = _read(key, content)
        if parsed.expires_at <= self._clock():
            raise NotAuthenticated
        self._valid[key] = parsed
        project_id, project_name = parsed.identity.project_id, parsed.identity.project_name
        if project_id is not None and project_name is not None:
            self._project_names[project_id] = project_name
        return parsed

    def _answered(self, key: str, task: asyncio.Task[IdentityToken]) -> None:
        self._asking.pop(key, None)
        if not task.cancelled():
            task.exception()  # retrieved here, since nobody may be waiting for it any more

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """A request to Keystone, off the event loop. Raises Unavailable: too slow, or no thread."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError as error:
            raise Unavailable(f"The identity service does not answer within {ANSWER_SECONDS:g} seconds.") from error


def check_settings(settings: IdentitySettings) -> None:
    """Raises SettingsError for settings that would fail at the first request."""
    if settings.cafile is not None and not settings.cafile.is_file():
        raise SettingsError(f"identity.cafile: {settings.cafile} is not a file")


def project_id_of(project: str) -> str:
    """A server's project as the settings name it: by its id, since a name may exist in several domains.

    Raises SettingsError for anything else.
    """
    if not _PROJECT_ID.fullmatch(project):
        raise SettingsError(
            f'project {project!r}: with identity.backend = "keystone" write the project\'s id'
            " (openstack project show NAME -f value -c id)"
        )
    return project


def _read(token_hash: str, content: dict[str, Any]) -> IdentityToken:
    """The token that Keystone describes. A token for a domain or the system has no roles in any project here."""
    try:
        parsed = _Token.model_validate(content)
    except ValidationError as error:
        raise Unavailable("The identity service returned a token in an unexpected format.") from error
    project = parsed.project
    identity = Identity(
        user_id=parsed.user.id,
        user_name=parsed.user.name,
        project_id=project.id if project else None,
        project_name=project.name if project else None,
        roles=frozenset(role.name for role in parsed.roles) if project else frozenset(),
    )
    return IdentityToken(
        token_hash=token_hash,
        identity=identity,
        methods=parsed.methods,
        audit_id=parsed.audit_ids[0] if parsed.audit_ids else "",
        issued_at=_seconds(parsed.issued_at),
        expires_at=_seconds(parsed.expires_at),
    )


def _seconds(at: datetime) -> float:
    return at.timestamp()
