"""Live sessions, through Keyhole's own API."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from keyhole.cli.client.cloud import Cloud, Nothing
from keyhole.cli.client.pages import all_pages


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

    def page(query: dict[str, str]) -> tuple[list[Session], bool]:
        answer = cloud.keyhole(_Page, "GET", "/v1/sessions", query=query)
        return answer.sessions, bool(answer.sessions_links)

    return all_pages(page, {"all_projects": "1"} if all_projects else {})


def end_session(cloud: Cloud, session_id: str) -> None:
    """Ends a session. Raises CommandFailed."""
    cloud.keyhole(Nothing, "DELETE", f"/v1/sessions/{quote(session_id, safe='', errors='replace')}")
