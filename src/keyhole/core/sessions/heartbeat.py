"""How this worker's sessions get into the store, and how it learns which of them are to end.

Each worker writes its own sessions down, some moments after they opened, and looks twice a second for those that it is
to end: because another worker asked for it, or because their grant was revoked. A worker that died is known by its
silence, and its sessions vanish with it.
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
"""How often a worker with sessions says that it lives."""

SILENT_SECONDS = 15.0
"""After this time without a beat a worker counts as dead."""

REPORT_SECONDS = 10.0
"""How often input and traffic of the sessions are written down."""

REPORT_AT_ONCE = 200
"""How many sessions are written at once, so that thousands do not hold up the loop."""

Activity = tuple[float, tuple[int, int]]
"""The last input (monotonic), and the bytes each way."""


class Heartbeat:
    """A `SessionListener` of this worker's sessions. `clock` gives the seconds since the epoch.

    `changed` is set when there is something to write down. What talks to the store raises Unavailable, and can be tried
    again: nothing is forgotten before it is written.
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
        self._beaten_at = self._reported_at = float("-inf")
        sessions.subscribe(self)

    def __len__(self) -> int:
        return len(self._sessions)

    def opened(self, session: Session) -> None:
        """A session is to be written down."""
        self._changed.set()

    def closed(self, session: Session, reason: Reason, detail: str) -> None:
        """A session is to be struck out."""
        if self._written.pop(session.id, None) is not None:
            self._over.add(session.id)
            self._changed.set()

    async def work(self) -> None:
        """One round: writes down what there is to write down, and ends what is to be ended."""
        now = self._clock()
        if self._sessions and is_due(now, self._beaten_at, BEAT_SECONDS):
            await self._beat(now)
        await self._write()
        if is_due(now, self._reported_at, REPORT_SECONDS):
            self._reported_at = now
            await self._report()
        if self._sessions:
            for request in await self._store.pending_terminations(self.worker):
                self._sessions.terminate(OfSession(request.session_id), request.reason, request.detail)

    async def close(self) -> None:
        """Forgets this worker and its sessions, all of which are over."""
        await self._store.forget_worker(self.worker)

    def record(self, session: Session) -> SessionRecord:
        """A session of this worker as every worker may know it."""
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
        """Where this worker was taken for dead, its sessions were struck out and are to be written down again."""
        if not await self._store.beat(self.worker, now):
            await self._store.remove_sessions(list(self._written))
            self._written.clear()
        self._beaten_at = now

    async def _write(self) -> None:
        new = [session for session in self._sessions if session.id not in self._written]
        await self._store.add_sessions([self.record(session) for session in new])
        for session in new:
            if self._sessions.get(session.id) is not None:
                self._written[session.id] = _activity(session)
            else:
                self._over.add(session.id)  # it ended while it was written down
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
