"""The servers of all drivers, as the drivers last reported them.

A platform's changes arrive through `follow`, which runs in the background for each driver; `refresh` asks drivers whose
answer costs nothing. A server that two drivers report belongs to neither until one of them drops it: there is no
telling which one a user means, and a platform must not take over another platform's server by its id.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from keyhole.errors import KeyholeError, Unavailable
from keyhole.model import (
    Change,
    Changed,
    ConsoleMoved,
    Gone,
    Listed,
    Moving,
    Server,
    ServerStatus,
    Stopped,
    Unreachable,
)
from keyhole.ports.drivers import HypervisorDriver, Problem

FIRST_NEWS_SECONDS = 5.0
"""How long a query waits for a driver that has not reported anything yet, as right after the start."""


@dataclass(slots=True)
class _Scope:
    """A host or cluster; while it does not answer, `why` is a sentence and `since` is when it stopped answering."""

    servers: dict[str, Server] = field(default_factory=dict)
    listed: tuple[Server, ...] | None = None
    why: str = ""
    since: float = 0.0


class Known:
    """What one driver reported."""

    def __init__(self, driver: HypervisorDriver, clock: Callable[[], float]) -> None:
        self.driver = driver
        self.reported = asyncio.Event()
        self._clock = clock
        self._scopes: dict[str, _Scope] = {}

    def apply(self, change: Change) -> None:
        """Applies a change."""
        match change:
            case Listed(servers, scope):
                self._list(scope, servers)
            case Changed(server, scope):
                self._put(server, scope)
            case Gone(server_id):
                for one in self._scopes.values():
                    one.servers.pop(server_id, None)
            case Moving(server_id):
                self._alter(server_id, status=ServerStatus.MIGRATING, task_state="migrating")
            case Stopped(server_id):
                self._alter(server_id, status=ServerStatus.SHUTOFF, task_state=None)
            case ConsoleMoved():
                pass  # The driver is asked for a console's location when the console is opened.
            case Unreachable(why, scope):
                one = self._scope(scope)
                one.since = one.since if one.why else self._clock()
                one.why = why
        self.reported.set()

    def mark_unreachable(self, why: str) -> None:
        """The driver reports nothing any more: its servers are kept, but are not current."""
        for scope in tuple(self._scopes) or ("",):
            self.apply(Unreachable(why, scope))

    def find(self, server_id: str) -> Server | None:
        """A server as last reported, even if its scope does not answer now."""
        for one in self._scopes.values():
            if server_id in one.servers:
                return one.servers[server_id]
        return None

    @property
    def servers(self) -> Iterator[Server]:
        """The servers of the scopes that answer, in the driver's order."""
        for one in self._scopes.values():
            if not one.why:
                yield from one.servers.values()

    @property
    def silence(self) -> str:
        """A sentence if none of the driver's scopes answers; "" if any does."""
        whys = [one.why for one in self._scopes.values()]
        return "" if whys and not all(whys) else (whys[0] if whys else _not_reported_yet(self.driver))

    @property
    def is_complete(self) -> bool:
        """Whether all of the driver's scopes answer: a server that it does not list then does not exist."""
        return bool(self._scopes) and not any(one.why for one in self._scopes.values())

    @property
    def problems(self) -> Iterator[Problem]:
        """The scopes that do not answer."""
        for name, one in self._scopes.items():
            if one.why:
                yield Problem(one.why, name, "unreachable", one.since)

    def _list(self, scope: str, servers: tuple[Server, ...]) -> None:
        one = self._scope(scope)
        one.why = ""
        if one.listed is servers:
            return
        one.listed, one.servers = servers, {server.id: server for server in servers}
        for other in self._scopes.values():
            if other is not one:  # A server that moved is where it was last reported.
                for server_id in one.servers.keys() & other.servers.keys():
                    del other.servers[server_id]

    def _put(self, server: Server, scope: str) -> None:
        for name, one in self._scopes.items():
            if name != scope:
                one.servers.pop(server.id, None)
        one = self._scope(scope)
        one.servers[server.id], one.listed = server, None

    def _alter(self, server_id: str, *, status: ServerStatus, task_state: str | None) -> None:
        for one in self._scopes.values():
            if server_id in one.servers:
                one.servers[server_id] = replace(one.servers[server_id], status=status, task_state=task_state)
                one.listed = None

    def _scope(self, name: str) -> _Scope:
        return self._scopes.setdefault(name, _Scope())


class ServerIndex:
    """The one list of all servers. `clock` gives the seconds since the epoch."""

    def __init__(self, drivers: Sequence[HypervisorDriver], clock: Callable[[], float] = time.time) -> None:
        self.drivers: Mapping[str, HypervisorDriver] = {driver.name: driver for driver in drivers}
        self._known = {driver.name: Known(driver, clock) for driver in drivers}
        self._contested_since: dict[str, dict[str, float]] = {driver.name: {} for driver in drivers}
        self._clock = clock

    async def follow(self, driver: HypervisorDriver) -> None:
        """Applies a driver's changes for as long as it reports any. Raises what the driver raises."""
        known = self._known[driver.name]
        try:
            async for change in driver.watch():
                known.apply(change)
            raise KeyholeError(f"the driver {driver.name} stopped reporting its servers")
        except Exception:
            known.mark_unreachable(f"Updates from the driver {driver.name} were interrupted.")
            raise

    async def refresh(self) -> Sequence[Known]:
        """What each driver knows now, including drivers that have never reported anything."""
        await asyncio.gather(*(self._refresh(known) for known in self._known.values()))
        return tuple(self._known.values())

    def claimants(self, server_id: str) -> list[HypervisorDriver]:
        """The drivers that have reported a server."""
        return [known.driver for known in self._known.values() if known.find(server_id) is not None]

    async def problems(self, driver: HypervisorDriver) -> list[Problem]:
        """The problems of a driver, on its own and together with the others. Raises Unavailable."""
        known = self._known[driver.name]
        return [*await driver.check(), *known.problems, *self._contested(known)]

    def _contested(self, known: Known) -> Iterator[Problem]:
        """Reported with the first of the drivers that have the server."""
        before = self._contested_since[known.driver.name]
        found = self._contested_since[known.driver.name] = {}
        for server in known.servers:
            names = [driver.name for driver in self.claimants(server.id)]
            if len(names) > 1 and names[0] == known.driver.name:
                since = found[server.id] = before.get(server.id, self._clock())
                sentence = f"Server {server.name} ({server.id}) is claimed by the drivers {' and '.join(names)}:"
                yield Problem(f"{sentence} its consoles are not opened.", server.host, "claimed_twice", since)

    async def _refresh(self, known: Known) -> None:
        try:
            servers = await known.driver.list_now()
        except Unavailable as problem:
            known.apply(Unreachable(str(problem)))
            return
        if servers is not None:
            known.apply(Listed(servers if isinstance(servers, tuple) else tuple(servers)))
        elif not known.reported.is_set():
            try:
                async with asyncio.timeout(FIRST_NEWS_SECONDS):
                    await known.reported.wait()
            except TimeoutError:
                known.mark_unreachable(_not_reported_yet(known.driver))  # The next query does not wait.


def _not_reported_yet(driver: HypervisorDriver) -> str:
    return f"The driver {driver.name} has not reported its servers yet."
