"""Failed sign-ins, and how long the client must wait before its next attempt is checked.

The reasons are in docs/decisions/0005. In short: waits apply to a user *at an address*, then to an address; failures of
a user at many addresses only make addresses that the user has never signed in from wait briefly before their first
attempt. So nobody can lock a user out from elsewhere, and one address can only guess slowly. Counts are in memory and
limited in number; nothing here knows which users exist. An attempt that is refused because of a wait is not counted.
The workers of a service broadcast the results of sign-ins to each other, so all have the same counts.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from cachetools import LRUCache, TTLCache

from keyhole.errors import NotAuthenticated, TooManyAttempts
from keyhole.net.addresses import network_of

WINDOW_SECONDS = 900.0
"""Failures are cleared when no other has followed for this long."""

MAX_REMEMBERED = 10_000
"""How many users, addresses and pairs are kept at most, of each; the least recently used are dropped first."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """No wait for the first `free` failures, then `first_seconds`, doubled by each further one up to `most_seconds`."""

    free: int
    first_seconds: float
    most_seconds: float

    def wait_after(self, failures: int) -> float:
        """Seconds to wait after this many failures."""
        if failures < self.free:
            return 0.0
        return float(min(self.most_seconds, self.first_seconds * 2 ** min(failures - self.free, 16)))


PAIR = Backoff(free=5, first_seconds=2, most_seconds=300)
ADDRESS = Backoff(free=50, first_seconds=2, most_seconds=300)
USER = Backoff(free=50, first_seconds=2, most_seconds=10)


@dataclass(slots=True)
class _Record:
    """The record of one key."""

    failures: int = 0
    wait_until: float = 0.0


class _Ledger(TTLCache[object, _Record]):
    """Records by key, each kept until nothing is counted for it in the window; the least recently used go first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(MAX_REMEMBERED, WINDOW_SECONDS, clock)

    def touch(self, key: object) -> _Record:
        """The key's record, created if there is none, for a new window."""
        record = self[key] = self.get(key) or _Record()
        return record


@dataclass(frozen=True, slots=True)
class LoginResult:
    """The result of an attempt that was let in."""

    user: str
    client: str
    good: bool


class LoginThrottle:
    """Lets attempts in or makes them wait. `clock` is monotonic, in seconds; `broadcast` gets the result of each
    attempt here.

    A user is any text that identifies one, the same for every way to name that user; existing users are not
    distinguished from others.
    """

    def __init__(self, clock: Callable[[], float], broadcast: Callable[[LoginResult], None] = lambda _: None) -> None:
        self._clock = clock
        self._broadcast = broadcast
        self._pairs = _Ledger(clock)
        self._addresses = _Ledger(clock)
        self._users = _Ledger(clock)
        self._known: LRUCache[object, bool] = LRUCache(MAX_REMEMBERED)

    def admit(self, user: str, client: str) -> None:
        """Lets an attempt in. Raises TooManyAttempts, which says how long to wait."""
        now = self._clock()
        address = network_of(client)
        pair = (user, address)
        until = self._wait_of_pair(user, pair, now)
        whole = self._addresses.get(address)
        if whole is not None and pair not in self._known:
            until = max(until, whole.wait_until)
        if until > now:
            raise TooManyAttempts(math.ceil(until - now))

    def failed(self, user: str, client: str) -> None:
        """Counts an attempt that was let in and failed."""
        now = self._clock()
        address = network_of(client)
        pair = (user, address)
        of_user = self._users.touch(user)
        of_user.failures += 1
        of_address = self._addresses.touch(address)
        of_address.failures += 1
        of_address.wait_until = now + ADDRESS.wait_after(of_address.failures)
        of_pair = self._pairs.touch(pair)
        of_pair.failures += 1
        by_user = 0.0 if pair in self._known else USER.wait_after(of_user.failures)
        of_pair.wait_until = now + max(PAIR.wait_after(of_pair.failures), by_user)

    def succeeded(self, user: str, client: str) -> None:
        """Clears the user's failures, and records the address as one that this user signs in from."""
        pair = (user, network_of(client))
        self._pairs.pop(pair, None)
        self._users.pop(user, None)
        self._known[pair] = True

    @asynccontextmanager
    async def attempt(self, user: str, client: str, turn: AbstractAsyncContextManager[None]) -> AsyncIterator[None]:
        """One attempt to sign in: let in when it reaches the front of the queue, and counted if it fails."""
        self.admit(user, client)
        async with turn:
            # While it was queued, others of the same user and address may have failed.
            self.admit(user, client)
            try:
                yield
            except (NotAuthenticated, asyncio.CancelledError):
                self._count(LoginResult(user, client, good=False))
                raise
            self._count(LoginResult(user, client, good=True))

    def record_remote(self, outcome: LoginResult) -> None:
        """Counts an attempt at another process."""
        if outcome.good:
            self.succeeded(outcome.user, outcome.client)
        else:
            self.failed(outcome.user, outcome.client)

    @property
    def remembered(self) -> int:
        """How many records are kept in memory."""
        return len(self._pairs) + len(self._addresses) + len(self._users) + len(self._known)

    def _count(self, outcome: LoginResult) -> None:
        self.record_remote(outcome)
        self._broadcast(outcome)

    def _wait_of_pair(self, user: str, pair: object, now: float) -> float:
        """Until when a user waits at an address; a new address waits if the user's sign-ins fail at many addresses."""
        record = self._pairs.get(pair)
        if record is not None:
            return record.wait_until
        of_user = self._users.get(user)
        if of_user is None or pair in self._known:
            return 0.0
        wait = USER.wait_after(of_user.failures)
        if wait:
            self._pairs.touch(pair).wait_until = now + wait
        return now + wait
