"""How this worker's sessions get into the store, and how it learns which of them it must end.

Each worker stores its own sessions shortly after they open, and checks twice a second for sessions that it must end:
because another worker requested it, or because their grant was revoked. A worker without a recent heartbeat counts as
dead, and its sessions are removed with it.
"""

import asyncio
import uuid
from collections.abc import Callable

from keyhole.core.intervals import is_due
from keyhole.core.sessions.live import Session, Sessions
from keyhole.core.sessions.selectors import OfSession
from keyhole.model import SessionRecord
from keyhole.ports.stores import SessionStore
from keyhole.reasons import Reason

BEAT_SECONDS = 4.0
"""How often a worker with sessions sends a heartbeat."""

SILENT_SECONDS = 15.0
"""After this time without a heartbeat a worker counts as dead."""

REPORT_SECONDS = 10.0
"""How often the sessions' input and traffic are stored."""

REPORT_AT_ONCE = 200
"""How many sessions are written at once, so that thousands do not block the loop."""

Activity = tuple[float, tuple[int, int]]
"""The last input (monotonic), and the bytes in each direction."""


class Heartbeat:
    """A `SessionListener` of this worker's sessions. `clock` gives the seconds since the epoch.

    `changed` is set when there is something to store. Methods that use the store raise Unavailable and can be repeated:
    nothing is dropped before it is written.
    """

    def __init__(
        self, store: SessionStore, sessions: Sessions, clock: Callable[[], float], changed: asyncio.Event
    ) -> None:
        self.worker = uuid.uuid4().hex
        self._store = store
        self._sessions = sessions
        self._clock = clock
        self._changed = changed
        self._written: dict[str, Activity] = {}
        self._over: set[str] = set()
        self._beat_at = self._reported_at = float("-inf")
        sessions.subscribe(self)

    def opened(self, session: Session) -> None:
        """A session must be stored."""
        self._changed.set()

    def closed(self, session: Session, reason: Reason, detail: str) -> None:
        """A session must be removed from the store."""
        if self._written.pop(session.id, None) is not None:
            self._over.add(session.id)
            self._changed.set()

    async def work(self) -> None:
        """One round: stores pending changes, and ends the sessions that must end."""
        now = self._clock()
        if self._sessions and is_due(now, self._beat_at, BEAT_SECONDS):
            await self._beat(now)
        await self._write()
        if is_due(now, self._reported_at, REPORT_SECONDS):
            self._reported_at = now
            await self._report()
        if self._sessions:
            for request in await self._store.pending_terminations(self.worker):
                self._sessions.terminate(OfSession(request.session_id), request.reason, request.detail)

    async def close(self) -> None:
        """Removes this worker and its sessions, all of which have ended."""
        await self._store.forget_worker(self.worker)

    def record(self, session: Session) -> SessionRecord:
        """A session of this worker in the form that all workers share."""
        to_viewer, to_target = session.relay.traffic_bytes
        return SessionRecord(
            id=session.id,
            worker=self.worker,
            ticket_hash=session.ticket.secret_hash if session.ticket else None,
            grant=session.grant,
            viewer=session.viewer,
            opened_at=session.began_at,
            last_input_at=session.epoch_of(session.last_input_at),
            to_viewer_bytes=to_viewer,
            to_target_bytes=to_target,
        )

    async def _beat(self, now: float) -> None:
        """If this worker was considered dead, its sessions were removed and must be stored again."""
        if not await self._store.beat(self.worker, now):
            await self._store.remove_sessions(list(self._written))
            self._written.clear()
        self._beat_at = now

    async def _write(self) -> None:
        new = [session for session in self._sessions if session.id not in self._written]
        await self._store.add_sessions([self.record(session) for session in new])
        for session in new:
            if self._sessions.get(session.id) is not None:
                self._written[session.id] = _activity(session)
            else:
                self._over.add(session.id)  # it ended while it was being written
        over = list(self._over)
        await self._store.remove_sessions(over)
        self._over.difference_update(over)

    async def _report(self) -> None:
        keys = list(self._written)
        for start in range(0, len(keys), REPORT_AT_ONCE):
            found = (self._sessions.get(key) for key in keys[start : start + REPORT_AT_ONCE])
            active = [one for one in found if one is not None and _activity(one) != self._written[one.id]]
            activities = {one.id: _activity(one) for one in active}
            if active:
                await self._store.touch_sessions([self.record(one) for one in active])
                live = (key for key in activities if self._sessions.get(key) is not None)
                self._written.update((key, activities[key]) for key in live)
            await asyncio.sleep(0)


def _activity(session: Session) -> Activity:
    return session.last_input_at, session.relay.traffic_bytes
