"""The live sessions: how many a server may have, when they end by themselves, who is on.

Knows nothing of sockets: a session's data plane is a `Relay` that can be asked and ended. All times here are of the
event loop's monotonic clock, in seconds.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol as Interface

from keyhole.limits import Place, Places
from keyhole.model import Grant
from keyhole.observe.observer import Observer, Traffic
from keyhole.reasons import Reason


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

    @property
    def buffered_bytes(self) -> int:
        """How many bytes wait to be sent, to both sides together."""

    def refill(self) -> None:
        """Called once a second: the viewer may send as many messages again as it may in a second."""

    def check_viewer(self) -> None:
        """Called every PING_SECONDS: ends the session when the viewer has been silent for too long."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """0 means no limit, for each."""

    idle_seconds: int = 0
    maximum_seconds: int = 0
    total: int = 0
    per_user: int = 0
    per_project: int = 0
    per_server: int = 0
    buffered_bytes: int = 0


@dataclass(slots=True)
class Session:
    """One viewer on one console."""

    id: str
    grant: Grant
    viewer: str
    opened_at: float
    relay: Relay
    place: Place
    checked_at: float
    counted_bytes: tuple[int, int] = (0, 0)
    """The traffic that the metrics know of already."""


PING_SECONDS = 30.0
"""How often a viewer is asked whether it is still there."""


class Sessions:
    """The registry. `clock` is the event loop's monotonic clock."""

    def __init__(self, limits: SessionLimits, observer: Observer, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._observer = observer
        self._clock = clock
        self._live: dict[str, Session] = {}
        self._places = Places(
            {
                Reason.LIMIT_SERVER: limits.per_server,
                Reason.LIMIT_USER: limits.per_user,
                Reason.LIMIT_PROJECT: limits.per_project,
                Reason.LIMIT_SESSIONS: limits.total,
            }
        )

    def __len__(self) -> int:
        return len(self._live)

    @contextmanager
    def place(self, grant: Grant) -> Iterator[Place]:
        """Holds a place for a grant's session while it is set up; it is given back unless the session was opened.

        Raises LimitReached.
        """
        place = self._places.take(
            {
                Reason.LIMIT_SERVER: grant.server_id,
                Reason.LIMIT_USER: grant.user_id,
                Reason.LIMIT_PROJECT: grant.project_id,
                Reason.LIMIT_SESSIONS: "",
            }
        )
        try:
            yield place
        finally:
            place.give_back()

    def opened(
        self, place: Place, grant: Grant, viewer: str, relay: Relay, started_at: float, encrypted: bool | None
    ) -> Session:
        """A session's picture has begun; `started_at` is when its viewer asked for it, `encrypted` is for the audit."""
        now = self._clock()
        session = Session(uuid.uuid4().hex, grant, viewer, now, relay, place.hand_on(), now)
        self._live[session.id] = session
        self._observer.console_opened(session.id, grant, viewer, now - started_at, encrypted)
        return session

    def closed(self, session: Session, reason: Reason, detail: str) -> None:
        """A session is over."""
        del self._live[session.id]
        session.place.give_back()
        self._observer.relayed(*_new_traffic(session))
        traffic = Traffic(*session.counted_bytes, self._clock() - session.opened_at)
        self._observer.console_closed(session.id, session.grant, reason, detail, traffic)

    def sweep(self) -> None:
        """Called once a second: counts what went through, ends the sessions whose time is up, checks on the others."""
        now = self._clock()
        idle, maximum = self._limits.idle_seconds, self._limits.maximum_seconds
        most_buffered = self._limits.buffered_bytes
        to_viewer = to_target = 0
        for session in tuple(self._live.values()):
            more_to_viewer, more_to_target = _new_traffic(session)
            to_viewer += more_to_viewer
            to_target += more_to_target
            session.relay.refill()
            if most_buffered and session.relay.buffered_bytes > most_buffered:
                session.relay.end(Reason.LIMIT_BUFFER, f"more than {most_buffered} bytes")
            elif maximum and now - session.opened_at >= maximum:
                session.relay.end(Reason.TIME_LIMIT, f"after {maximum} seconds")
            elif idle and now - max(session.relay.last_input_at, session.opened_at) >= idle:
                session.relay.end(Reason.IDLE_LIMIT, f"after {idle} seconds without input")
            elif now - session.checked_at >= PING_SECONDS:
                session.checked_at = now
                session.relay.check_viewer()
        self._observer.relayed(to_viewer, to_target)

    def end_all(self, reason: Reason) -> None:
        """Ends every session."""
        for session in tuple(self._live.values()):
            session.relay.end(reason)


def _new_traffic(session: Session) -> tuple[int, int]:
    """What has gone through since this was last asked."""
    (seen_to_viewer, seen_to_target), session.counted_bytes = session.counted_bytes, session.relay.traffic_bytes
    return session.counted_bytes[0] - seen_to_viewer, session.counted_bytes[1] - seen_to_target
