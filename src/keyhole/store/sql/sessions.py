"""`SqlSessions`: the part of `SqlStore` for live sessions, tickets and revocations.

Its statements are in `session_statements.py`; `SqlStore` runs them.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement

from keyhole.model import Grant, LastAccess, SessionRecord, TerminationRequest, Ticket
from keyhole.reasons import Reason
from keyhole.store.sql import session_statements as statements
from keyhole.store.sql.session_rows import reason_of_text, row_of_session, row_of_ticket, session_of_row, ticket_of_row
from keyhole.store.sql.tables import grant_of_row
from keyhole.store.sql.worker import Row

ROWS_AT_ONCE = 200


class SqlSessions(ABC):
    """A `TicketStore`, a `SessionStore`, a `RevocationStore` and an `AccessStore`."""

    @abstractmethod
    async def _read(self, statement: ClauseElement, values: Row) -> list[Row]:
        """Runs a statement and returns the rows that it finds."""

    @abstractmethod
    async def _change(self, statement: ClauseElement, values: Row) -> int:
        """Runs a statement and returns how many rows it changed."""

    async def add_tickets(self, tickets: Sequence[Ticket]) -> None:
        await self._write_all(statements.ADD_TICKET, [row_of_ticket(ticket) for ticket in tickets])

    async def update_tickets(self, tickets: Sequence[Ticket]) -> None:
        changes: list[Row] = [
            {
                "ticket": ticket.secret_hash,
                "new_seen_at": ticket.seen_at,
                "new_opened_at": ticket.opened_at,
                "new_input_at": ticket.input_at,
                "new_ended": ticket.ended,
                "new_ended_detail": ticket.ended_detail,
            }
            for ticket in tickets
        ]
        await self._write_all(statements.UPDATE_TICKET, changes)

    async def find_ticket(self, secret_hash: str) -> Ticket | None:
        rows = await self._rows(statements.FIND_TICKET, ticket=secret_hash)
        return ticket_of_row(rows[0]) if rows else None

    async def sweep_tickets(self, seen_before: float) -> int:
        return await self._change(statements.SWEEP_TICKETS, {"before": seen_before})

    async def beat(self, worker: str, now: float) -> bool:
        if await self._change(statements.BEAT, {"worker": worker, "now": now}):
            return True
        await self._change(statements.ADD_WORKER, {"id": worker, "seen_at": now})
        return False

    async def forget_worker(self, worker: str) -> None:
        await self._change(statements.REMOVE_SESSIONS_OF_WORKER, {"worker": worker})
        await self._change(statements.FORGET_WORKER, {"worker": worker})

    async def add_sessions(self, records: Sequence[SessionRecord]) -> None:
        await self._write_all(statements.ADD_SESSION, [row_of_session(record) for record in records])

    async def touch_sessions(self, records: Sequence[SessionRecord]) -> None:
        changes: list[Row] = [
            {
                "session": record.id,
                "new_last_input_at": record.last_input_at,
                "new_to_viewer_bytes": record.to_viewer_bytes,
                "new_to_target_bytes": record.to_target_bytes,
            }
            for record in records
        ]
        await self._write_all(statements.TOUCH_SESSION, changes)

    async def remove_sessions(self, session_ids: Sequence[str]) -> None:
        await self._write_all(statements.REMOVE_SESSION, [{"session": session_id} for session_id in session_ids])

    async def find_session(self, session_id: str, alive_since: float) -> SessionRecord | None:
        rows = await self._rows(statements.FIND_SESSION, session=session_id, before=alive_since)
        return session_of_row(rows[0]) if rows else None

    async def list_sessions(
        self, alive_since: float, *, project_id: str | None = None, after: SessionRecord | None = None, count: int
    ) -> Sequence[SessionRecord]:
        after_at, after_id = (after.opened_at, after.id) if after else (float("inf"), "")
        place = {"before": alive_since, "after_at": after_at, "after_id": after_id, "count": count}
        if project_id is None:
            rows = await self._rows(statements.LIST_SESSIONS, **place)
        else:
            rows = await self._rows(statements.LIST_SESSIONS_OF_PROJECT, **place, project=project_id)
        return [session_of_row(row) for row in rows]

    async def count_sessions(self, grant: Grant, besides: str, alive_since: float) -> Mapping[Reason, int]:
        holders = {"server": grant.server_id, "user": grant.user_id, "project": grant.project_id}
        (row,) = await self._rows(statements.COUNT_SESSIONS, **holders, worker=besides, before=alive_since)
        return {Reason(limit): count for limit, count in row.items()}

    async def sessions_of_ticket(self, secret_hash: str, alive_since: float) -> Sequence[SessionRecord]:
        rows = await self._rows(statements.SESSIONS_OF_TICKET, ticket=secret_hash, before=alive_since)
        return [session_of_row(row) for row in rows]

    async def request_termination(self, order: TerminationRequest) -> bool:
        values = {"session": order.session_id, "reason": order.reason, "detail": order.detail}
        return await self._change(statements.END_SESSION, values) == 1

    async def request_termination_of_ticket(self, secret_hash: str, reason: Reason, detail: str) -> None:
        values = {"ticket": secret_hash, "reason": reason, "detail": detail}
        await self._change(statements.END_SESSIONS_OF_TICKET, values)

    async def pending_terminations(self, worker: str) -> Sequence[TerminationRequest]:
        rows = await self._rows(statements.FIND_END_ORDERS, worker=worker)
        return [TerminationRequest(row["id"], reason_of_text(row["end_reason"]), row["end_detail"]) for row in rows]

    async def sweep_sessions(self, alive_since: float) -> None:
        await self._change(statements.SWEEP_SESSIONS, {"before": alive_since})
        await self._change(statements.SWEEP_WORKERS, {"before": alive_since})

    async def grant_of_console(self, console_id: str) -> Grant | None:
        for row in await self._rows(statements.FIND_GRANT_OF_CONSOLE, console=console_id):
            return grant_of_row(row)
        for row in await self._rows(statements.TICKETS_OF_CONSOLE, console=console_id):
            return ticket_of_row(row).grant
        for row in await self._rows(statements.SESSIONS_OF_CONSOLE, console=console_id):
            return session_of_row(row).grant
        return None

    async def revoke_console(self, console_id: str, now: float, detail: str) -> None:
        ending = {"console": console_id, "reason": Reason.REVOKED, "detail": detail}
        await self._change(statements.REVOKE_GRANT, {"console": console_id, "now": now})
        await self._change(statements.REVOKE_TICKETS, ending)
        await self._change(statements.REVOKE_SESSIONS, ending)

    async def last_accesses(self, server_ids: Sequence[str]) -> Mapping[str, LastAccess]:
        rows = await self._rows(statements.LAST_ACCESSES, servers=json.dumps(server_ids))
        return {row["server_id"]: LastAccess(row["user_name"], row["at"]) for row in rows}

    async def _rows(self, statement: ClauseElement, **values: Any) -> list[Row]:
        return await self._read(statement, values)

    async def _write_all(self, statement: ClauseElement, rows: Sequence[Row]) -> None:
        """One change for each row, in batches; other statements can run in between."""
        for start in range(0, len(rows), ROWS_AT_ONCE):
            await asyncio.gather(*(self._change(statement, row) for row in rows[start : start + ROWS_AT_ONCE]))
