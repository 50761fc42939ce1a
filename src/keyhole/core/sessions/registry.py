"""The registry of live sessions: what every worker on the same store may see of them, and end.

Each worker writes its own sessions down, some moments after they opened, and looks twice a second for those that it is
to end: by order of another worker, because their grant was revoked, or because their server is gone. A worker that
died is known by its silence, and its sessions vanish with it. Nothing here holds up a console that opens.
"""

import asyncio
import random
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from keyhole.core.intervals import is_due
from keyhole.core.servers import DeletedServers, ServerRef
from keyhole.core.sessions.live import Session
from keyhole.errors import Unavailable
from keyhole.model import Grant, SessionRecord, TerminationRequest
from keyhole.ports.identity import IdentityProvider
from keyhole.ports.stores import SessionStore
from keyhole.reasons import Reason

BEAT_SECONDS = 4.0
"""How often a worker with sessions says that it lives."""

SILENT_SECONDS = 15.0
"""After so long without a beat a worker counts as dead."""

REPORT_SECONDS = 10.0
"""How often input and traffic of the sessions are written down."""

REPORT_AT_ONCE = 200
"""How many sessions are told of before others have their turn: with thousands the loop would stand still."""

REPLACE_SECONDS = 2.0
"""How long a viewer that comes back waits until another worker has ended its old session."""

REPLACE_POLL_SECONDS = 0.1

MAX_UNANSWERED = 3
"""After so many questions that the identity service left unanswered, the others wait for the next round."""

PAGE = 1000
"""How many sessions are looked at in one go."""

Activity = tuple[float, tuple[int, int]]
"""The last input (monotonic), and the bytes each way."""


@dataclass(slots=True)
class Review:
    """How many were asked about and still may, may not any more, or are not known about: `problem` says why."""

    allowed: int = 0
    revoked: int = 0
    unknown: int = 0
    problem: str = ""


class SessionRegistry:
    """A `SessionListener` of this worker's sessions. `clock` gives the seconds since the epoch.

    `changed` is set when there is something to write down. `shared` says that the service has more workers than this.
    What talks to the store raises Unavailable, and can be tried again: nothing is forgotten before it is written.
    """

    def __init__(
        self,
        store: SessionStore,
        deleted_servers: DeletedServers,
        identity: IdentityProvider,
        clock: Callable[[], float],
        changed: asyncio.Event,
        *,
        shared: bool = False,
    ) -> None:
        self.worker = uuid.uuid4().hex
        self._store = store
        self._deleted_servers = deleted_servers
        self._identity = identity
        self._clock = clock
        self._changed = changed
        self._shared = shared
        self._live: dict[str, Session] = {}
        self._by_ticket: dict[str, Session] = {}
        self._by_server: dict[ServerRef, set[str]] = {}
        self._written: dict[str, Activity] = {}
        self._over: set[str] = set()
        self._beaten_at = self._reported_at = float("-inf")

    def __len__(self) -> int:
        return len(self._live)

    def opened(self, session: Session) -> None:
        """A session is to be written down."""
        self._live[session.id] = session
        self._by_server.setdefault(_server(session), set()).add(session.id)
        if session.ticket is not None:
            self._by_ticket[session.ticket.secret_hash] = session
        self._changed.set()

    def closed(self, session: Session, reason: Reason, detail: str) -> None:
        """A session is to be struck out."""
        del self._live[session.id]
        server = _server(session)
        self._by_server[server].discard(session.id)
        if not self._by_server[server]:
            del self._by_server[server]
        if session.ticket is not None:
            del self._by_ticket[session.ticket.secret_hash]
        if self._written.pop(session.id, None) is not None:
            self._over.add(session.id)
            self._changed.set()

    async def find(self, session_id: str) -> SessionRecord | None:
        """A live session of any worker; one of this worker also while the store does not answer."""
        if session_id in self._live:
            return self._record(self._live[session_id])
        return await self._store.find_session(session_id, self._alive_since)

    async def list(
        self, *, project_id: str | None = None, after: SessionRecord | None = None, count: int = PAGE
    ) -> Sequence[SessionRecord]:
        """The live sessions of all workers, the newest first; of one project, or of all."""
        return await self._store.list_sessions(self._alive_since, project_id=project_id, after=after, count=count)

    async def elsewhere(self, grant: Grant) -> Mapping[Reason, int]:
        """How many live sessions other workers have that count with a grant's, by the limit that they count for.

        One that opened within the last moments may be missing.
        """
        return await self._store.count_sessions(grant, self.worker, self._alive_since) if self._shared else {}

    def end_here(self, order: TerminationRequest) -> bool:
        """Ends a session at once; False when it is none of this worker."""
        session = self._live.get(order.session_id)
        if session is None:
            return False
        session.relay.end(order.reason, order.detail)
        return True

    def end_console_here(self, console_id: str, reason: Reason, detail: str) -> None:
        """Ends at once the sessions of this worker that a console's link gave."""
        for session in tuple(self._live.values()):
            if session.grant.id == console_id:
                session.relay.end(reason, detail)

    async def request_termination(self, order: TerminationRequest) -> None:
        """Has a session ended by the worker that carries it, which may take a second."""
        await self._store.request_termination(order)

    async def end_of_ticket(self, ticket_hash: str, reason: Reason, detail: str = "") -> None:
        """Ends a ticket's session, wherever it is, and waits for a while until it is over."""
        session = self._by_ticket.get(ticket_hash)
        if session is not None:
            session.relay.end(reason, detail)
        if not await self._is_elsewhere(ticket_hash):
            return
        await self._store.request_termination_of_ticket(ticket_hash, reason, detail)
        for _ in range(round(REPLACE_SECONDS / REPLACE_POLL_SECONDS)):
            if not await self._is_elsewhere(ticket_hash):
                return
            await asyncio.sleep(REPLACE_POLL_SECONDS)

    async def work(self) -> None:
        """One round: writes down what there is to write down, and ends what is to be ended."""
        now = self._clock()
        if self._live and is_due(now, self._beaten_at, BEAT_SECONDS):
            await self._beat(now)
        await self._write()
        if is_due(now, self._reported_at, REPORT_SECONDS):
            self._reported_at = now
            await self._report()
        if self._live:
            for order in await self._store.pending_terminations(self.worker):
                self.end_here(order)

    async def end_departed(self) -> None:
        """Ends the sessions on servers that are gone."""
        if not self._by_server:
            return
        for server in await self._deleted_servers.among(set(self._by_server)):
            for session_id in tuple(self._by_server.get(server, ())):
                self.end_here(TerminationRequest(session_id, Reason.REVOKED, "the server is gone"))

    async def end_unentitled(self) -> None:
        """Orders the end of all sessions, of any worker, of users that may not open consoles any more.

        Done at a start, when the users may be other ones than before.
        """
        after: SessionRecord | None = None
        while page := await self.list(after=after):
            for record in page:
                if not await self._identity.may_open(record.grant.user_id, record.grant.project_id, None):
                    await self._store.request_termination(TerminationRequest(record.id, Reason.REVOKED))
            after = page[-1]

    async def end_revoked(self) -> Review:
        """Ends the sessions here of users who may no longer open their consoles; asks once for each requester token.

        Who cannot be asked about goes on. The order is another one each time, so that nobody is always the last.
        """
        holders = defaultdict(list)
        for session in self._live.values():
            holders[session.grant.user_id, session.grant.project_id, session.requester].append(session.id)
        review = Review()
        for holder, sessions in random.sample(list(holders.items()), len(holders)):
            try:
                stands = await self._identity.may_open(*holder)
            except Unavailable as problem:
                review.problem = str(problem)
                review.unknown += 1
                if review.unknown == MAX_UNANSWERED:
                    break
                continue
            if stands:
                review.allowed += 1
                continue
            review.revoked += 1
            for session_id in sessions:
                self.end_here(TerminationRequest(session_id, Reason.REVOKED, "the user's rights were withdrawn"))
        return review

    async def close(self) -> None:
        """Forgets this worker and its sessions, all of which are over."""
        await self._store.forget_worker(self.worker)

    async def sweep(self) -> None:
        """Forgets the sessions of workers that died."""
        await self._store.sweep_sessions(self._alive_since)

    @property
    def _alive_since(self) -> float:
        return self._clock() - SILENT_SECONDS

    async def _is_elsewhere(self, ticket_hash: str) -> bool:
        found = await self._store.sessions_of_ticket(ticket_hash, self._alive_since)
        return any(record.worker != self.worker for record in found)

    async def _beat(self, now: float) -> None:
        """Where this worker was taken for dead, its sessions were struck out and are to be written down anew."""
        if not await self._store.beat(self.worker, now):
            await self._store.remove_sessions(list(self._written))
            self._written.clear()
        self._beaten_at = now

    async def _write(self) -> None:
        new = [session for session in self._live.values() if session.id not in self._written]
        await self._store.add_sessions([self._record(session) for session in new])
        for session in new:
            if session.id in self._live:
                self._written[session.id] = _activity(session)
            else:
                self._over.add(session.id)  # it ended while it was written down
        over = list(self._over)
        await self._store.remove_sessions(over)
        self._over.difference_update(over)

    async def _report(self) -> None:
        keys = list(self._written)
        for start in range(0, len(keys), REPORT_AT_ONCE):
            looked_at = [self._live[key] for key in keys[start : start + REPORT_AT_ONCE] if key in self._live]
            active = [one for one in looked_at if _activity(one) != self._written[one.id]]
            activities = {one.id: _activity(one) for one in active}
            if active:
                await self._store.touch_sessions([self._record(one) for one in active])
                self._written.update((key, told) for key, told in activities.items() if key in self._live)
            await asyncio.sleep(0)

    def _record(self, session: Session) -> SessionRecord:
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


def _server(session: Session) -> ServerRef:
    return ServerRef(session.grant.server_id, session.grant.project_id)


def _activity(session: Session) -> Activity:
    return session.last_input_at, session.relay.traffic_bytes
