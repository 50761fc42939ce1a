"""Live sessions by Keyhole's own API."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from keyhole.cli.client.cloud import Cloud, Nothing


class _Named(BaseModel):
    id: str
    name: str


class Session(BaseModel):
    """A session as listed; times are ISO 8601 in UTC."""

    id: str
    server: _Named
    project_id: str
    user: _Named
    console_type: str
    viewer: str
    opened_at: str
    last_input_at: str


class _Page(BaseModel):
    sessions: list[Session]
    sessions_links: list[Any] = []


def list_sessions(cloud: Cloud, *, all_projects: bool = False) -> Iterator[Session]:
    """The project's sessions, the newest first, page by page. Raises CommandFailed."""
    query = {"all_projects": "1"} if all_projects else {}
    seen: set[str] = set()
    while True:
        page = cloud.keyhole(_Page, "GET", "/v1/sessions", query=query)
        new = [session for session in page.sessions if session.id not in seen]
        yield from new
        if not new or not page.sessions_links:
            return
        seen.update(session.id for session in new)
        query = query | {"marker": page.sessions[-1].id}


def end_session(cloud: Cloud, session_id: str) -> None:
    """Ends a session. Raises CommandFailed."""
    cloud.keyhole(Nothing, "DELETE", f"/v1/sessions/{quote(session_id, safe='', errors='replace')}")
