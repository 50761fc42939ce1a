"""The problems of each part. Each part is checked from time to time, not for every request."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from keyhole.errors import Refusal

DEADLINE_SECONDS = 5.0
"""How long the check of a part may take."""

FRESH_SECONDS = 1.0
"""How long the result of a check of the store or the identity service is cached."""

DRIVER_FRESH_SECONDS = 5.0
"""How long a driver's result is cached: it may have to check every console."""

Check = Callable[[], Awaitable[Sequence[str]]]
"""Returns one sentence for each problem."""


@dataclass(frozen=True, slots=True)
class Report:
    """The problems of each part, in sentences that name servers and addresses."""

    store: Sequence[str]
    identity: Sequence[str]
    drivers: Mapping[str, Sequence[str]]
    background: Sequence[str] = ()

    @property
    def ready(self) -> bool:
        """Whether Keyhole itself can serve: a driver's problems only affect its own servers."""
        return not self.store and not self.identity

    def problems(self) -> Iterator[tuple[str, str]]:
        """Every problem: the part and the sentence."""
        parts = {"store": self.store, "identity": self.identity, **self.drivers, "background": self.background}
        for part, sentences in parts.items():
            yield from ((part, sentence) for sentence in sentences)


class Readiness:
    """Knows the state of each part. Whatever the number of requests, there is one check of a part at a time, and a new
    one only when the result is stale.
    """

    def __init__(
        self,
        store: Check,
        identity: Check,
        drivers: Mapping[str, Check],
        defects: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """`defects` returns one sentence for each background task that fails."""
        self._defects = defects
        self._store = _Part("store", store, FRESH_SECONDS)
        self._identity = _Part("identity", identity, FRESH_SECONDS)
        self._drivers = {name: _Part(f"driver {name}", check, DRIVER_FRESH_SECONDS) for name, check in drivers.items()}

    async def report(self) -> Report:
        """The state of all parts, as far as it is known within the deadline."""
        store, identity, *drivers = await asyncio.gather(
            *(part.problems() for part in (self._store, self._identity, *self._drivers.values()))
        )
        return Report(store, identity, dict(zip(self._drivers, drivers, strict=True)), tuple(self._defects()))


class _Part:
    """One part, and its last result."""

    def __init__(self, name: str, check: Check, fresh_seconds: float) -> None:
        self._name = name
        self._check = check
        self._fresh_seconds = fresh_seconds
        self._answer: asyncio.Task[Sequence[str]] | None = None
        self._stale_at = 0.0

    async def problems(self) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        if self._answer is None or (self._answer.done() and loop.time() >= self._stale_at):
            self._answer = asyncio.create_task(self._ask())  # noqa: TID251  # kept as the answer
        return await asyncio.shield(self._answer)  # others wait for it, too

    async def _ask(self) -> Sequence[str]:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await self._check()
        except TimeoutError:
            return [f"{self._name} did not report its status within {DEADLINE_SECONDS:g} seconds"]
        except Refusal as refusal:
            return [str(refusal)]
        finally:
            self._stale_at = asyncio.get_running_loop().time() + self._fresh_seconds
