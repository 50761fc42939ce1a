"""The objects that store, find and end sessions, assembled."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from typing import Protocol as Interface

from keyhole.core.links import Links
from keyhole.core.server_index import ServerIndex
from keyhole.core.servers import Servers
from keyhole.core.sessions.deleted_servers import DeletedServers
from keyhole.core.sessions.heartbeat import Heartbeat
from keyhole.core.sessions.live import SessionLimits, Sessions
from keyhole.core.sessions.reauthorization import Reauthorization
from keyhole.core.sessions.registry import RegistryStore, SessionRegistry
from keyhole.core.tickets import TicketRules, Tickets
from keyhole.ports.identity import IdentityProvider
from keyhole.ports.stores import TicketStore
from keyhole.telemetry.telemetry import Telemetry


class Store(RegistryStore, TicketStore, Interface):
    """Stores sessions, grants and tickets."""


class Clocks(NamedTuple):
    """The event loop's monotonic clock, and seconds since the epoch."""

    monotonic: Callable[[], float]
    wall: Callable[[], float]


@dataclass(frozen=True, slots=True)
class SessionServices:
    """`live` are this worker's sessions; `changed` is set when there is something to store."""

    live: Sessions
    tickets: Tickets
    heartbeat: Heartbeat
    registry: SessionRegistry
    reauthorization: Reauthorization
    deleted_servers: DeletedServers
    changed: asyncio.Event


def assemble(
    store: Store,
    links: Links,
    index: ServerIndex,
    identity: IdentityProvider,
    limits: SessionLimits,
    rules: TicketRules,
    telemetry: Telemetry,
    clocks: Clocks,
    *,
    shared: bool = False,
) -> SessionServices:
    """`shared` says that other workers use the same store."""
    clock, wall_clock = clocks
    changed = asyncio.Event()
    live = Sessions(limits, telemetry, clock, wall_clock)
    tickets = Tickets(store, live, links, Servers(index), identity, rules, wall_clock, changed)
    heartbeat = Heartbeat(store, live, wall_clock, changed)
    registry = SessionRegistry(store, live, heartbeat, tickets, wall_clock, shared=shared)
    reauthorization = Reauthorization(store, live, registry, identity)
    return SessionServices(live, tickets, heartbeat, registry, reauthorization, DeletedServers(index), changed)
