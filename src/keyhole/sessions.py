"""The live sessions: how many a server may have, when they end by themselves, who is on.

Knows nothing of sockets: a session's data plane is a `Relay` that can be asked and ended. All times here are of the
event loop's monotonic clock, in seconds.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol as Interface

from keyhole.errors import LimitReached
from keyhole.model import Grant
from keyhole.observe.observer import Observer, Traffic
from keyhole.reasons import Reason

VIEWER_CHECKS = 3
"""How often a viewer is asked for a sign of life until it counts as lost."""

SWEEP_SECONDS = 1.0
"""How often `Sessions.sweep` is called."""


class Relay(Interface):
    """What carries a session's bytes."""

    @property
    def last_input_at(self) -> float:
        """When the viewer last gave real input (keys, pointer, pasted text); screen updates do not count."""

    @property
    def traffic_bytes(self) -> tuple[int, int]:
        """How many bytes went to the viewer and to the target so far."""

    def end(self, reason: Reason, detail: str = "") -> None:
        """Ends the session; the first reason given is the one that counts."""

    def check_viewer(self) -> None:
        """Called VIEWER_CHECKS times in `vanished_seconds`: ends the session of a viewer that left all unanswered."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """0 means no limit, but for `vanished_seconds`: how long a viewer may give no sign of life."""

    idle_seconds: int = 0
    maximum_seconds: int = 0
    per_server: int = 0
    vanished_seconds: int = 45

    @property
    def check_seconds(self) -> float:
        """The time between two checks of a viewer, shorter by that between two sweeps so that the sum is kept."""
        return self.vanished_seconds / VIEWER_CHECKS - SWEEP_SECONDS


@dataclass(slots=True)
class Session:
    """One viewer on one console."""

    id: str
    grant: Grant
    viewer: str
    opened_at: float
    relay: Relay
    checked_at: float


class Sessions:
    """The registry. `clock` is the event loop's monotonic clock."""

    def __init__(self, limits: SessionLimits, observer: Observer, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._observer = observer
        self._clock = clock
        self._live: dict[str, Session] = {}
        self._places: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._live)

    @contextmanager
    def place(self, server_id: str) -> Iterator["Place"]:
        """Holds a place on a server while a session is set up; it is given back unless the session was opened.

        Raises LimitReached.
        """
        if self._limits.per_server and self._places[server_id] >= self._limits.per_server:
            raise LimitReached(
                Reason.LIMIT_SERVER, f"the server has {self._limits.per_server} open consoles, as many as are allowed"
            )
        self._places[server_id] += 1
        place = Place()
        try:
            yield place
        finally:
            if not place.taken:
                self._leave(server_id)

    def opened(self, place: "Place", grant: Grant, viewer: str, relay: Relay, started_at: float) -> Session:
        """A session's picture has begun; `started_at` is when its viewer asked for it."""
        place.taken = True
        now = self._clock()
        session = Session(uuid.uuid4().hex, grant, viewer, now, relay, now)
        self._live[session.id] = session
        self._observer.console_opened(session.id, grant, viewer, now - started_at)
        return session

    def closed(self, session: Session, reason: Reason, detail: str) -> None:
        """A session is over."""
        del self._live[session.id]
        self._leave(session.grant.server_id)
        to_viewer, to_target = session.relay.traffic_bytes
        traffic = Traffic(to_viewer, to_target, self._clock() - session.opened_at)
        self._observer.console_closed(session.id, session.grant, reason, detail, traffic)

    def sweep(self) -> None:
        """Ends the sessions whose time is up and checks on the viewers of the others. Called every SWEEP_SECONDS."""
        now = self._clock()
        idle, maximum = self._limits.idle_seconds, self._limits.maximum_seconds
        check_seconds = self._limits.check_seconds
        for session in tuple(self._live.values()):
            if maximum and now - session.opened_at >= maximum:
                session.relay.end(Reason.TIME_LIMIT, f"after {maximum} seconds")
            elif idle and now - max(session.relay.last_input_at, session.opened_at) >= idle:
                session.relay.end(Reason.IDLE_LIMIT, f"after {idle} seconds without input")
            elif now - session.checked_at >= check_seconds:
                session.checked_at = now
                session.relay.check_viewer()

    def end_all(self, reason: Reason) -> None:
        """Ends every session."""
        for session in tuple(self._live.values()):
            session.relay.end(reason)

    def _leave(self, server_id: str) -> None:
        self._places[server_id] -= 1
        if not self._places[server_id]:
            del self._places[server_id]


@dataclass(slots=True)
class Place:
    """A place on a server; `taken` once its session is open."""

    taken: bool = False
