"""The statements about live sessions, their workers and tickets, built once.

The bound names are `session`, `worker`, `ticket`, `console`, `server`, `servers` (a JSON list), `user`, `project`,
`after_at`, `after_id`, `count`, `reason`, `detail`, `now` and `before`; those of inserts are the columns. A later end
never overwrites a recorded one.
"""

from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    Float,
    Insert,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from keyhole.ports.identity import ALIVE_SECONDS
from keyhole.reasons import Reason
from keyhole.store.sql.session_rows import sessions, tickets, workers
from keyhole.store.sql.tables import grants

_SINCE: BindParameter[float] = bindparam("before", type_=Float)
_ALIVE = select(workers.c.id).where(workers.c.seen_at.between(_SINCE, _SINCE + ALIVE_SECONDS))
_LIVE = select(sessions).where(sessions.c.worker.in_(_ALIVE))
_AFTER = or_(
    sessions.c.opened_at < bindparam("after_at"),
    and_(sessions.c.opened_at == bindparam("after_at"), sessions.c.id > bindparam("after_id")),
)
_PAGE = _LIVE.where(_AFTER).order_by(sessions.c.opened_at.desc(), sessions.c.id).limit(bindparam("count"))

BEAT = update(workers).where(workers.c.id == bindparam("worker")).values(seen_at=bindparam("now"))
ADD_WORKER = insert(workers)
FORGET_WORKER = delete(workers).where(workers.c.id == bindparam("worker"))
SWEEP_WORKERS = delete(workers).where(workers.c.id.not_in(_ALIVE))


def _add_once(table: Table, **instead: ColumnElement[Any]) -> Insert:
    """An insert that is safe to repeat if its outcome is unknown. `instead` replaces some values by expressions."""
    (key,) = table.primary_key.columns
    row = select(*(instead.get(column.name, bindparam(column.name, type_=column.type)) for column in table.c))
    return insert(table).from_select(
        [column.name for column in table.c], row.where(~exists().where(key == bindparam(key.name)))
    )


ADD_SESSION = _add_once(sessions)
TOUCH_SESSION = (
    update(sessions)
    .where(sessions.c.id == bindparam("session"))
    .values(
        last_input_at=bindparam("new_last_input_at"),
        to_viewer_bytes=bindparam("new_to_viewer_bytes"),
        to_target_bytes=bindparam("new_to_target_bytes"),
    )
)
REMOVE_SESSION = delete(sessions).where(sessions.c.id == bindparam("session"))
REMOVE_SESSIONS_OF_WORKER = delete(sessions).where(sessions.c.worker == bindparam("worker"))
SWEEP_SESSIONS = delete(sessions).where(sessions.c.worker.not_in(_ALIVE))
FIND_SESSION = _LIVE.where(sessions.c.id == bindparam("session"))
LIST_SESSIONS = _PAGE
LIST_SESSIONS_OF_PROJECT = _PAGE.where(sessions.c.grant_project_id == bindparam("project"))
COUNT_SESSIONS = select(
    func.count(case((sessions.c.grant_server_id == bindparam("server"), 1))).label(Reason.LIMIT_SERVER),
    func.count(case((sessions.c.grant_user_id == bindparam("user"), 1))).label(Reason.LIMIT_USER),
    func.count(case((sessions.c.grant_project_id == bindparam("project"), 1))).label(Reason.LIMIT_PROJECT),
    func.count().label(Reason.LIMIT_SESSIONS),
).where(sessions.c.worker != bindparam("worker"), sessions.c.worker.in_(_ALIVE))
SESSIONS_OF_TICKET = _LIVE.where(sessions.c.ticket_hash == bindparam("ticket"))
SESSIONS_OF_CONSOLE = select(sessions).where(sessions.c.grant_id == bindparam("console"))


def _end_sessions(which: ColumnElement[bool]) -> Update:
    return (
        update(sessions)
        .where(which, sessions.c.end_reason.is_(None))
        .values(end_reason=bindparam("reason"), end_detail=bindparam("detail"))
    )


END_SESSION = _end_sessions(sessions.c.id == bindparam("session"))
END_SESSIONS_OF_TICKET = _end_sessions(sessions.c.ticket_hash == bindparam("ticket"))
FIND_END_ORDERS = union_all(
    select(sessions.c.id, sessions.c.end_reason, sessions.c.end_detail).where(
        sessions.c.worker == bindparam("worker"), sessions.c.end_reason.is_not(None)
    ),
    # A grant may be revoked while its session is set up: this applies once the session is stored.
    select(sessions.c.id, literal(Reason.REVOKED.value), literal(""))
    .join(grants, grants.c.id == sessions.c.grant_id)
    .where(grants.c.revoked_at.is_not(None), sessions.c.worker == bindparam("worker")),
)

FIND_GRANT_OF_CONSOLE = select(grants).where(grants.c.id == bindparam("console"))
REVOKE_GRANT = (
    update(grants)
    .where(grants.c.id == bindparam("console"), grants.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
REVOKE_SESSIONS = _end_sessions(sessions.c.grant_id == bindparam("console"))
REVOKE_TICKETS = (
    update(tickets)
    .where(tickets.c.grant_id == bindparam("console"), tickets.c.ended.is_(None))
    .values(ended=bindparam("reason"), ended_detail=bindparam("detail"))
)

# Its grant may have been revoked before the ticket was stored.
_REVOKED = select(literal(Reason.REVOKED.value)).where(
    grants.c.id == bindparam("grant_id"), grants.c.revoked_at.is_not(None)
)
ADD_TICKET = _add_once(
    tickets, ended=func.coalesce(bindparam("ended", type_=tickets.c.ended.type), _REVOKED.scalar_subquery())
)
FIND_TICKET = select(tickets).where(tickets.c.secret_hash == bindparam("ticket"))
TICKETS_OF_CONSOLE = select(tickets).where(tickets.c.grant_id == bindparam("console"))
_SEEN: BindParameter[float] = bindparam("new_seen_at")
UPDATE_TICKET = (
    update(tickets)
    .where(tickets.c.secret_hash == bindparam("ticket"))
    .values(
        seen_at=case((tickets.c.seen_at > _SEEN, tickets.c.seen_at), else_=_SEEN),
        opened_at=func.coalesce(tickets.c.opened_at, bindparam("new_opened_at")),
        input_at=func.coalesce(bindparam("new_input_at"), tickets.c.input_at),
        ended=func.coalesce(tickets.c.ended, bindparam("new_ended")),
        ended_detail=case((tickets.c.ended.is_(None), bindparam("new_ended_detail")), else_=tickets.c.ended_detail),
    )
)
SWEEP_TICKETS = delete(tickets).where(tickets.c.seen_at < bindparam("before"))

_SERVERS = func.json_each(bindparam("servers")).table_valued("value")


def _redemptions(server_id: Column[Any], user_name: Column[Any], at: Column[Any]) -> Select[Any]:
    return select(server_id.label("server_id"), user_name.label("user_name"), at.label("at")).where(
        server_id.in_(select(_SERVERS.c.value)), at.is_not(None)
    )


_OPENINGS = union_all(
    _redemptions(grants.c.server_id, grants.c.user_name, grants.c.redeemed_at),
    *(
        _redemptions(kept.c.grant_server_id, kept.c.grant_user_name, kept.c.grant_redeemed_at)
        for kept in (tickets, sessions)
    ),
).subquery()
_AGE = func.row_number().over(partition_by=_OPENINGS.c.server_id, order_by=_OPENINGS.c.at.desc())
_RANKED = select(_OPENINGS, _AGE.label("age")).subquery()
LAST_ACCESSES = select(_RANKED.c.server_id, _RANKED.c.user_name, _RANKED.c.at).where(_RANKED.c.age == 1)
"""Grants are swept before the sessions and tickets opened with them, which contain them."""
