"""Failed sign-ins, and how long who failed waits before the next one is even looked at.

The reasoning is in docs/decisions/0005. In short: waits are for a user *at an address*, then for an address; failures
of a user at many addresses only have an address that the user never signed in from wait a little before its first try.
So nobody can lock a user out from elsewhere, and one address can guess only so fast. Counted in memory, each count
bounded; nothing here knows which users exist. A try that is told to wait is not counted. Processes that serve together
broadcast the results of sign-ins to each other, and so count as one.
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
"""Failures are forgotten when none has followed for so long."""

MAX_REMEMBERED = 10_000
"""How many users, addresses and pairs of them are remembered at most, of each; the longest untouched go first."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """No wait for the first `free` failures, then `first_seconds`, doubled by each further one up to `most_seconds`."""

    free: int
    first_seconds: float
    most_seconds: float

    def wait_after(self, failures: int) -> float:
        """Seconds to wait after so many failures."""
        if failures < self.free:
            return 0.0
        return float(min(self.most_seconds, self.first_seconds * 2 ** min(failures - self.free, 16)))


PAIR = Backoff(free=5, first_seconds=2, most_seconds=300)
ADDRESS = Backoff(free=50, first_seconds=2, most_seconds=300)
USER = Backoff(free=50, first_seconds=2, most_seconds=10)


@dataclass(slots=True)
class _Record:
    """What is remembered of one key."""

    failures: int = 0
    wait_until: float = 0.0


class _Ledger(TTLCache[object, _Record]):
    """Records by key, each until nothing was counted for it in the window; the least recently used go first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(MAX_REMEMBERED, WINDOW_SECONDS, clock)

    def touch(self, key: object) -> _Record:
        """The key's record, made where there is none, for a new window."""
        record = self[key] = self.get(key) or _Record()
        return record


@dataclass(frozen=True, slots=True)
class LoginResult:
    """How a try went that was let in."""

    user: str
    client: str
    good: bool


class LoginThrottle:
    """Lets tries in or has them wait. `clock` is monotonic, in seconds; `broadcast` gets the result of each try here.

    A user is any text that stands for one, the same for every way to name that user; existing ones are not told apart.
    """

    def __init__(self, clock: Callable[[], float], broadcast: Callable[[LoginResult], None] = lambda _: None) -> None:
        self._clock = clock
        self._broadcast = broadcast
        self._pairs = _Ledger(clock)
        self._addresses = _Ledger(clock)
        self._users = _Ledger(clock)
        self._known: LRUCache[object, bool] = LRUCache(MAX_REMEMBERED)

    def admit(self, user: str, client: str) -> None:
        """Lets a try in. Raises TooManyAttempts saying how long it is to wait."""
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
        """Counts a try that was let in and failed."""
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
        """Forgets the user's failures, and remembers the address as one that this user signs in from."""
        pair = (user, network_of(client))
        self._pairs.pop(pair, None)
        self._users.pop(user, None)
        self._known[pair] = True

    @asynccontextmanager
    async def attempt(self, user: str, client: str, turn: AbstractAsyncContextManager[None]) -> AsyncIterator[None]:
        """One try to sign in: let in, at its turn, and counted when it fails."""
        self.admit(user, client)
        async with turn:
            # While it waited for its turn others of the same user and address may have failed.
            self.admit(user, client)
            try:
                yield
            except (NotAuthenticated, asyncio.CancelledError):
                self._count(LoginResult(user, client, good=False))
                raise
            self._count(LoginResult(user, client, good=True))

    def record_remote(self, outcome: LoginResult) -> None:
        """Counts a try of another process."""
        if outcome.good:
            self.succeeded(outcome.user, outcome.client)
        else:
            self.failed(outcome.user, outcome.client)

    @property
    def remembered(self) -> int:
        """How much is kept in memory, in records."""
        return len(self._pairs) + len(self._addresses) + len(self._users) + len(self._known)

    def _count(self, outcome: LoginResult) -> None:
        self.record_remote(outcome)
        self._broadcast(outcome)

    def _wait_of_pair(self, user: str, pair: object, now: float) -> float:
        """Until when a user waits at an address; a new address waits when the user's sign-ins fail all over."""
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
