"""The tables of live sessions, of their workers and of tickets, and the conversion of rows to values and back.

Each row of a session or ticket contains its complete grant, since grants may be swept long before a session ends: the
columns are those of `grants` with the prefix `grant_`.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Float, Index, String, Table, Text

from keyhole.model import Grant, SessionRecord, Ticket
from keyhole.reasons import Reason
from keyhole.store.sql.tables import grant_of_row, grants, metadata, row_of_grant
from keyhole.store.sql.worker import Row

__all__ = ["metadata", "sessions", "tickets", "workers"]

_GRANT = "grant_"


def _grant_columns() -> list[Column[Any]]:
    return [Column(f"{_GRANT}{column.name}", column.type, nullable=column.nullable) for column in grants.c]


workers = Table(
    "workers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("seen_at", Float, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("worker", String(32), nullable=False),
    Column("ticket_hash", String(64)),
    *_grant_columns(),
    Column("viewer", Text, nullable=False),
    Column("opened_at", Float, nullable=False),
    Column("last_input_at", Float, nullable=False),
    Column("to_viewer_bytes", BigInteger, nullable=False),
    Column("to_target_bytes", BigInteger, nullable=False),
    Column("end_reason", String(64)),
    Column("end_detail", Text, nullable=False),
    Index("sessions_by_worker", "worker", "end_reason"),
    Index("sessions_by_ticket", "ticket_hash"),
    Index("sessions_by_console", "grant_id"),
)

tickets = Table(
    "tickets",
    metadata,
    Column("secret_hash", String(64), primary_key=True),
    *_grant_columns(),
    Column("seen_at", Float, nullable=False),
    Column("opened_at", Float),
    Column("input_at", Float),
    Column("ended", String(64)),
    Column("ended_detail", Text, nullable=False),
    Index("tickets_by_console", "grant_id"),
    Index("tickets_by_age", "seen_at"),
)
Index(
    "tickets_by_opening",
    tickets.c.grant_server_id,
    tickets.c.grant_redeemed_at,
    sqlite_where=tickets.c.grant_redeemed_at.is_not(None),
    postgresql_where=tickets.c.grant_redeemed_at.is_not(None),
)


def reason_of_text(text: str) -> Reason:
    """The reason that a row names; `killed` if only a newer version on the same store knows the name."""
    try:
        return Reason(text)
    except ValueError:
        return Reason.KILLED


def row_of_session(record: SessionRecord) -> dict[str, Any]:
    """The row of a live session."""
    return {
        "id": record.id,
        "worker": record.worker,
        "ticket_hash": record.ticket_hash,
        **_prefixed(record.grant),
        "viewer": record.viewer,
        "opened_at": record.opened_at,
        "last_input_at": record.last_input_at,
        "to_viewer_bytes": record.to_viewer_bytes,
        "to_target_bytes": record.to_target_bytes,
        "end_reason": None,
        "end_detail": "",
    }


def session_of_row(row: Row) -> SessionRecord:
    """The live session in a row."""
    return SessionRecord(
        id=row["id"],
        worker=row["worker"],
        ticket_hash=row["ticket_hash"],
        grant=_grant_of(row),
        viewer=row["viewer"],
        opened_at=row["opened_at"],
        last_input_at=row["last_input_at"],
        to_viewer_bytes=row["to_viewer_bytes"],
        to_target_bytes=row["to_target_bytes"],
    )


def row_of_ticket(ticket: Ticket) -> dict[str, Any]:
    """The row of a ticket."""
    return {
        "secret_hash": ticket.secret_hash,
        **_prefixed(ticket.grant),
        "seen_at": ticket.seen_at,
        "opened_at": ticket.opened_at,
        "input_at": ticket.input_at,
        "ended": ticket.ended,
        "ended_detail": ticket.ended_detail,
    }


def ticket_of_row(row: Row) -> Ticket:
    """The ticket in a row."""
    return Ticket(
        secret_hash=row["secret_hash"],
        grant=_grant_of(row),
        seen_at=row["seen_at"],
        opened_at=row["opened_at"],
        input_at=row["input_at"],
        ended=None if row["ended"] is None else reason_of_text(row["ended"]),
        ended_detail=row["ended_detail"],
    )


def _prefixed(grant: Grant) -> dict[str, Any]:
    return {f"{_GRANT}{name}": value for name, value in row_of_grant(grant).items()}


def _grant_of(row: Row) -> Grant:
    return grant_of_row({name.removeprefix(_GRANT): row[name] for name in row if name.startswith(_GRANT)})
