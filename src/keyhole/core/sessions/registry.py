"""The registry of live sessions: those of every worker on the same store, and the one way to end them.

Sessions of other workers are read from the store (`heartbeat.py`), which is slightly out of date. Nothing here delays a
console that is opening.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol as Interface

from keyhole.core.sessions.heartbeat import SILENT_SECONDS, Heartbeat
from keyhole.core.sessions.live import Session, Sessions
from keyhole.core.sessions.selectors import OfConsole, OfSession, OfTicket
from keyhole.core.tickets import ON_PURPOSE, Tickets
from keyhole.model import Grant, SessionRecord, TerminationRequest
from keyhole.ports.stores import RevocationStore, SessionStore
from keyhole.reasons import Reason

REPLACE_SECONDS = 2.0
"""How long a viewer that reconnects waits until another worker has ended its old session."""

REPLACE_POLL_SECONDS = 0.1

PAGE = 1000
"""How many sessions are listed at once."""


class RegistryStore(SessionStore, RevocationStore, Interface):
    """Stores sessions, and knows which grants they came from."""


class SessionRegistry:
    """`clock` gives the seconds since the epoch; `shared` says that the service has more workers than this.

    Methods that use the store raise Unavailable and can be repeated.
    """

    def __init__(
        self,
        store: RegistryStore,
        sessions: Sessions,
        heartbeat: Heartbeat,
        tickets: Tickets,
        clock: Callable[[], float],
        *,
        shared: bool = False,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._heartbeat = heartbeat
        self._tickets = tickets
        self._clock = clock
        self._shared = shared

    def here(self, session_id: str) -> Session | None:
        """A session that this worker carries."""
        return self._sessions.get(session_id)

    async def find(self, session_id: str) -> SessionRecord | None:
        """A live session of any worker; one of this worker is found even if the store does not answer."""
        session = self._sessions.get(session_id)
        if session is not None:
            return self._heartbeat.record(session)
        return await self._store.find_session(session_id, self._alive_since)

    async def list(
        self, *, project_id: str | None = None, after: SessionRecord | None = None, count: int = PAGE
    ) -> Sequence[SessionRecord]:
        """The live sessions of all workers, the newest first; of one project, or of all."""
        return await self._store.list_sessions(self._alive_since, project_id=project_id, after=after, count=count)

    async def elsewhere(self, grant: Grant) -> Mapping[Reason, int]:
        """How many live sessions of other workers count towards the same limits as a grant's, by limit.

        Very recent sessions may be missing.
        """
        if not self._shared:
            return {}
        return await self._store.count_sessions(grant, self._heartbeat.worker, self._alive_since)

    async def terminate(self, selector: OfSession | OfTicket | OfConsole, reason: Reason, detail: str = "") -> None:
        """Ends sessions, whichever worker carries them: this worker's at once, others' within a second.

        Their tickets end with them if the reason requires it. Raises Unavailable if the store does not answer; this
        worker's sessions have ended by then.
        """
        here = self._sessions.get(selector.session_id) if isinstance(selector, OfSession) else None
        ticket_hash = here.ticket.secret_hash if here is not None and here.ticket is not None else None
        self._sessions.terminate(selector, reason, detail)
        match selector:
            case OfConsole(console_id):
                await self._store.revoke_console(console_id, self._clock(), detail)
            case OfTicket(ticket, permanently):
                if permanently:
                    self._tickets.end(ticket, reason, detail)
                await self._terminate_elsewhere(ticket.secret_hash, reason, detail)
            case OfSession(session_id) if here is not None:
                await self._end_ticket(ticket_hash, reason, detail)
            case OfSession(session_id):
                record = await self._store.find_session(session_id, self._alive_since)
                if record is not None:
                    await self._end_ticket(record.ticket_hash, reason, detail)
                    await self._store.request_termination(TerminationRequest(session_id, reason, detail))

    async def sweep(self) -> None:
        """Removes the sessions of workers that died."""
        await self._store.sweep_sessions(self._alive_since)

    @property
    def _alive_since(self) -> float:
        return self._clock() - SILENT_SECONDS

    async def _end_ticket(self, ticket_hash: str | None, reason: Reason, detail: str) -> None:
        if ticket_hash is not None and reason in ON_PURPOSE:
            await self._tickets.end_now(ticket_hash, reason, detail)

    async def _terminate_elsewhere(self, ticket_hash: str, reason: Reason, detail: str) -> None:
        """Ends a ticket's session at another worker, and waits a limited time until it has ended."""
        if not await self._is_elsewhere(ticket_hash):
            return
        await self._store.request_termination_of_ticket(ticket_hash, reason, detail)
        for _ in range(round(REPLACE_SECONDS / REPLACE_POLL_SECONDS)):
            if not await self._is_elsewhere(ticket_hash):
                return
            await asyncio.sleep(REPLACE_POLL_SECONDS)

    async def _is_elsewhere(self, ticket_hash: str) -> bool:
        found = await self._store.sessions_of_ticket(ticket_hash, self._alive_since)
        return any(record.worker != self._heartbeat.worker for record in found)
