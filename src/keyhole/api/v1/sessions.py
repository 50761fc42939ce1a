"""Live sessions in Keyhole's own API: list, show, end; those of every worker on the same store."""

from urllib.parse import urlencode

from starlette.responses import Response

from keyhole.api.v1.answers import Named, PageLink, SessionAnswer, SessionsPage, SessionView
from keyhole.api.v1.call import V1Call, iso, not_found, server_of
from keyhole.api.v1.paging import limit_of, marker_of, no_such_marker, wants_all_projects
from keyhole.core.sessions.selectors import OfSession
from keyhole.model import SessionRecord
from keyhole.reasons import Reason


async def list_sessions(call: V1Call) -> Response:
    """The project's sessions, the newest first; with an admin's `all_projects=1` those of all projects."""
    count = limit_of(call)
    everywhere = wants_all_projects(call)
    marker = marker_of(call)
    after = None if marker is None else await _find(call, marker)
    if marker is not None and after is None:
        raise no_such_marker(marker)
    project_id = None if everywhere else call.identity.project_id or ""
    found = await call.services.registry.list(project_id=project_id, after=after, count=count)
    page = SessionsPage(sessions=[_view(record) for record in found])
    if found and len(found) == count:
        page.sessions_links = [PageLink(rel="next", href=_next(call, found[-1]))]
    return call.respond(page)


async def show_session(call: V1Call) -> Response:
    """One session."""
    return call.respond(SessionAnswer(session=_view(await _of_caller(call))))


async def end_session(call: V1Call) -> Response:
    """Ends a session of any worker within a second; its viewer sees who ended it and cannot reconnect.

    A session of this worker ends even while the store cannot be written.
    """
    record = await _of_caller(call)
    await call.services.registry.terminate(OfSession(record.id), Reason.KILLED, f"by {call.identity.user_name}")
    return call.nothing()


async def _of_caller(call: V1Call) -> SessionRecord:
    record = await _find(call, call.parameters["session_id"])
    if record is None:
        raise not_found("session")
    return record


async def _find(call: V1Call, session_id: str) -> SessionRecord | None:
    """A session that the caller may see."""
    record = await call.services.registry.find(session_id)
    if record is None or (record.grant.project_id != call.identity.project_id and not call.identity.is_admin):
        return None
    return record


def _view(record: SessionRecord) -> SessionView:
    grant = record.grant
    return SessionView(
        id=record.id,
        console=grant.id,
        server=server_of(grant),
        project_id=grant.project_id,
        user=Named(id=grant.user_id, name=grant.user_name),
        console_type=grant.console_type.value,
        protocol=grant.console_type.protocol,
        rights=grant.rights,
        viewer=record.viewer,
        opened_at=iso(record.opened_at),
        last_input_at=iso(record.last_input_at),
        to_viewer_bytes=record.to_viewer_bytes,
        to_target_bytes=record.to_target_bytes,
    )


def _next(call: V1Call, last: SessionRecord) -> str:
    arguments = [(name, value) for name, value in call.request.query_params.multi_items() if name != "marker"]
    return f"{call.services.public_url}/v1/sessions?{urlencode([*arguments, ('marker', last.id)])}"
