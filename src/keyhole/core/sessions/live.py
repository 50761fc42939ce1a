"""The live sessions: how many a server may have, when they end automatically, who is connected.

Does not use sockets: a session's data plane is a `Relay`, which can be queried and ended. All times here are of the
event loop's monotonic clock, in seconds.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol as Interface

from keyhole.core.limits import Slot, Slots
from keyhole.core.sessions.selectors import (
    Everything,
    OfConsole,
    OfServer,
    OfSession,
    OfTicket,
    Selector,
    ServerRef,
)
from keyhole.model import Grant, RequesterToken, Ticket
from keyhole.ports.openings import Opening
from keyhole.ports.relay import VIEWER_CHECKS, Relay
from keyhole.reasons import Reason
from keyhole.telemetry.telemetry import Telemetry, Traffic

SWEEP_SECONDS = 1.0
"""How long one pass of `Sessions.sweep` over all sessions may take."""

SWEEP_AT_ONCE = 50
"""How many sessions are checked before other tasks run: thousands at once would block the loop."""

MOST_BETWEEN_LOOKS_SECONDS = 2 * SWEEP_SECONDS
"""A session may be checked early in one sweep and, once many others have begun or ended, late in the next."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """0 means no limit, but for `keepalive_timeout_seconds`: how long a viewer may be unresponsive."""

    idle_seconds: int = 0
    maximum_seconds: int = 0
    total: int = 0
    per_user: int = 0
    per_project: int = 0
    per_server: int = 0
    buffered_bytes: int = 0
    keepalive_timeout_seconds: int = 45

    @property
    def check_seconds(self) -> float:
        """The time between two checks of a viewer, reduced by the time between two sweeps so that the total is not
        exceeded.
        """
        return self.keepalive_timeout_seconds / VIEWER_CHECKS - MOST_BETWEEN_LOOKS_SECONDS


@dataclass(slots=True)
class Session:
    """One viewer on one console.

    `counted_from` is when the console first opened, `input_at` when it had input before this session; `began_at` is
    `opened_at` in seconds since the epoch. `ticket` is the current ticket that the viewer may reconnect with;
    `requester` is the identity token that the console was requested with, None if it is not known.
    """

    id: str
    grant: Grant
    viewer: str
    opened_at: float
    relay: Relay
    slot: Slot
    checked_at: float
    counted_from: float
    input_at: float
    began_at: float
    ticket: Ticket | None = None
    requester: RequesterToken | None = None
    counted_bytes: tuple[int, int] = (0, 0)
    """The traffic that the metrics already include."""

    @property
    def last_input_at(self) -> float:
        """When there last was real input, or else when the console was opened."""
        given_at = self.relay.last_input_at
        return given_at if given_at > self.opened_at else self.input_at

    def epoch_of(self, at: float) -> float:
        """A time of the monotonic clock in seconds since the epoch."""
        return self.began_at + at - self.opened_at


class SessionListener(Interface):
    """Is notified of every session when it has opened and when it has ended."""

    def opened(self, session: Session) -> None:
        """The session has begun to show its console."""

    def closed(self, session: Session, reason: Reason, detail: str) -> None:
        """The session has ended."""


class Sessions:
    """The sessions of this process. `clock` is the event loop's monotonic clock, `wall_clock` counts from the epoch."""

    def __init__(
        self,
        limits: SessionLimits,
        telemetry: Telemetry,
        clock: Callable[[], float],
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._limits = limits
        self._telemetry = telemetry
        self._clock = clock
        self._listeners: tuple[SessionListener, ...] = ()
        self._wall_clock = wall_clock
        self._live: dict[str, Session] = {}
        self._by_ticket: dict[str, Session] = {}
        self._by_server: dict[ServerRef, set[str]] = {}
        self._slots = Slots(
            {
                Reason.LIMIT_SERVER: limits.per_server,
                Reason.LIMIT_USER: limits.per_user,
                Reason.LIMIT_PROJECT: limits.per_project,
                Reason.LIMIT_SESSIONS: limits.total,
            }
        )

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._live.values()))

    @property
    def servers(self) -> set[ServerRef]:
        """The servers that have a session."""
        return set(self._by_server)

    def subscribe(self, listener: SessionListener) -> None:
        """Notifies a listener of every session from now on."""
        self._listeners += (listener,)

    def get(self, session_id: str) -> Session | None:
        """The session with this id."""
        return self._live.get(session_id)

    def of_ticket(self, secret_hash: str) -> Session | None:
        """The session that was opened with a ticket."""
        return self._by_ticket.get(secret_hash)

    def slot(self, grant: Grant, elsewhere: Mapping[Reason, int] | None = None) -> Slot:
        """A slot for a grant's session, held as a context while it is set up; `opened` takes it over.

        `elsewhere` is how many sessions other processes have, by the limit that they count towards. Raises
        LimitReached.
        """
        return self._slots.take(
            {
                Reason.LIMIT_SERVER: grant.server_id,
                Reason.LIMIT_USER: grant.user_id,
                Reason.LIMIT_PROJECT: grant.project_id,
                Reason.LIMIT_SESSIONS: "",
            },
            elsewhere,
        )

    def opened(
        self,
        slot: Slot,
        opening: Opening,
        viewer: str,
        relay: Relay,
        started_at: float,
        encrypted: bool | None,
    ) -> Session:
        """A session has begun to show its console; `started_at` is when its viewer requested it.

        A viewer has one session: an older one with the same ticket, which its viewer has lost, ends here. `encrypted`
        is for the audit. If the audit fails, the session does not open and the caller keeps the slot.
        """
        now, grant, resume = self._clock(), opening.grant, opening.resume
        session = Session(secrets.token_hex(16), grant, viewer, now, relay, slot, now, now, now, self._wall_clock())
        session.requester = opening.requester
        resumed = False
        if resume is not None:
            if (before := self._by_ticket.get(resume.ticket.secret_hash)) is not None:
                before.relay.end(Reason.VIEWER_REPLACED)
            session.ticket = resume.ticket
            session.counted_from -= resume.open_seconds
            session.input_at -= resume.idle_seconds
            resumed = resume.ticket.opened_at is not None
        self._telemetry.console_opened(session.id, grant, viewer, now - started_at, encrypted, resumed=resumed)
        session.slot = slot.transfer()
        self._live[session.id] = session
        if session.ticket is not None:
            self._by_ticket[session.ticket.secret_hash] = session
        self._by_server.setdefault(_server_of(session), set()).add(session.id)
        for listener in self._listeners:
            listener.opened(session)
        return session

    def closed(self, session: Session, reason: Reason, detail: str) -> None:
        """A session is over."""
        del self._live[session.id]
        session.slot.release()
        if session.ticket is not None:
            del self._by_ticket[session.ticket.secret_hash]
        there = self._by_server[_server_of(session)]
        there.discard(session.id)
        if not there:
            del self._by_server[_server_of(session)]
        self._telemetry.relayed(*_new_traffic(session))
        traffic = Traffic(*session.counted_bytes, self._clock() - session.opened_at)
        self._telemetry.console_closed(session.id, session.grant, reason, detail, traffic)
        for listener in self._listeners:
            listener.closed(session, reason, detail)

    def terminate(self, selector: Selector, reason: Reason, detail: str = "") -> None:
        """Ends sessions of this process at once."""
        for session in self._selected(selector):
            session.relay.end(reason, detail)

    def sweep(self) -> Iterator[float]:
        """Counts traffic, ends the sessions that have reached a time limit and checks the others, SWEEP_AT_ONCE at a
        time.

        Yields after each batch how much of the work is done, from 0 to 1: the caller spreads it over SWEEP_SECONDS.
        Sessions that opened in the meantime are checked the next time.
        """
        sessions = tuple(self._live.values())
        for start in range(0, len(sessions), SWEEP_AT_ONCE):
            self._inspect([session for session in sessions[start : start + SWEEP_AT_ONCE] if session.id in self._live])
            yield min(1.0, (start + SWEEP_AT_ONCE) / len(sessions))
        if not sessions:
            yield 1.0

    def _selected(self, selector: Selector) -> list[Session]:
        match selector:
            case OfSession(session_id):
                found = [self._live.get(session_id)]
            case OfTicket(ticket):
                found = [self._by_ticket.get(ticket.secret_hash)]
            case OfServer(server):
                found = [self._live[session_id] for session_id in self._by_server.get(server, ())]
            case OfConsole(console_id):
                found = [session for session in self._live.values() if session.grant.id == console_id]
            case Everything():
                found = list(self._live.values())
        return [session for session in found if session is not None]

    def _inspect(self, sessions: Sequence[Session]) -> None:
        now = self._clock()
        idle, maximum = self._limits.idle_seconds, self._limits.maximum_seconds
        most_buffered, check_seconds = self._limits.buffered_bytes, self._limits.check_seconds
        to_viewer = to_target = 0
        for session in sessions:
            more_to_viewer, more_to_target = _new_traffic(session)
            to_viewer += more_to_viewer
            to_target += more_to_target
            session.relay.refill()
            if most_buffered and session.relay.buffered_bytes > most_buffered:
                session.relay.end(Reason.LIMIT_BUFFER, f"more than {most_buffered} bytes")
            elif maximum and now - session.counted_from >= maximum:
                session.relay.end(Reason.TIME_LIMIT, f"after {maximum} seconds")
            elif idle and now - session.last_input_at >= idle:
                session.relay.end(Reason.IDLE_LIMIT, f"after {idle} seconds without input")
            elif now - session.checked_at >= check_seconds:
                session.checked_at = now
                session.relay.check_viewer()
        self._telemetry.relayed(to_viewer, to_target)


def _server_of(session: Session) -> ServerRef:
    return ServerRef(session.grant.server_id, session.grant.project_id)


def _new_traffic(session: Session) -> tuple[int, int]:
    """The traffic since the last call."""
    (seen_to_viewer, seen_to_target), session.counted_bytes = session.counted_bytes, session.relay.traffic_bytes
    return session.counted_bytes[0] - seen_to_viewer, session.counted_bytes[1] - seen_to_target
