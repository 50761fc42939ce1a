"""THE table of Keyhole's own API: every call, who may make it, what it takes and gives.

Routing, roles, bodies and docs/reference/api.md come from here. A new call is a row and its handler.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from starlette.responses import Response

from keyhole.api import links, sessions, sign_in, tickets
from keyhole.api.own_call import OwnCall
from keyhole.model import Identity, Role


@dataclass(frozen=True, slots=True)
class OwnOperation:
    """One call. The parts of its path in braces are parameters.

    `role` is what the caller's identity must have; None where no identity is asked for. `ticket` says that a ticket's
    cookie is. `answer` is the body's shape in short, empty for 204; `query` are the arguments that are looked at.
    """

    name: str
    method: str
    path: str
    summary: str
    handler: Callable[[OwnCall], Awaitable[Response]]
    role: Role | None = None
    signed_in: bool = False
    ticket: bool = False
    query: tuple[str, ...] = ()
    body: type[BaseModel] | None = None
    answer: str = ""

    @property
    def asks_who(self) -> bool:
        """Whether a caller must have an identity."""
        return self.signed_in or self.role is not None

    def allows(self, identity: Identity) -> bool:
        """Whether the identity's roles are enough."""
        match self.role:
            case None:
                return True
            case Role.READER:
                return identity.is_reader
            case Role.MEMBER:
                return identity.is_member
            case Role.ADMIN:
                return identity.is_admin

    def parameters(self, path: str) -> dict[str, str] | None:
        """The parameters that a path has here, None when it is another path."""
        expected, given = self.path.split("/"), path.split("/")
        if len(expected) != len(given):
            return None
        pairs = list(zip(expected, given, strict=True))
        if any(name != part for name, part in pairs if not name.startswith("{")) or not all(given[1:]):
            return None
        return {name.strip("{}"): part for name, part in pairs if name.startswith("{")}


_LINK = (
    '{"server": {"id", "name"}, "console_type", "protocol", "rights", "expires_at", "lifetime_seconds", "reuse",'
    ' "console", "resumable"}'
)
_SESSION = (
    '{"id", "console", "server": {"id", "name"}, "project_id", "user": {"id", "name"}, "console_type", "protocol",'
    ' "rights", "viewer", "opened_at", "last_input_at", "to_viewer_bytes", "to_target_bytes"}'
)
_TICKET = (
    '{"console", "server": {"id", "name"}, "console_type", "protocol", "rights", "user", "resumable", "expires_at"}'
)
_PERSON = '{"user": {"id", "name"}, "project": {"id", "name"}, "roles", "expires_at"}'

OPERATIONS: tuple[OwnOperation, ...] = (
    OwnOperation(
        "inspect-link",
        "POST",
        "/v1/links/inspect",
        "What a console link opens; it is not used up.",
        links.inspect,
        body=links.InspectRequest,
        answer=_LINK,
    ),
    OwnOperation(
        "revoke-link",
        "DELETE",
        "/v1/links/{console_id}",
        "Withdraws a console link; its sessions end within a second.",
        links.revoke,
        role=Role.MEMBER,
    ),
    OwnOperation(
        "list-sessions",
        "GET",
        "/v1/sessions",
        "The live sessions of the project, the newest first; of all projects for an admin that asks.",
        sessions.list_sessions,
        role=Role.READER,
        query=("limit", "marker", "all_projects"),
        answer='{"sessions": [SESSION], "sessions_links"?}',
    ),
    OwnOperation(
        "show-session",
        "GET",
        "/v1/sessions/{session_id}",
        "One live session.",
        sessions.show_session,
        role=Role.READER,
        answer=f'{{"session": {_SESSION}}}',
    ),
    OwnOperation(
        "end-session",
        "DELETE",
        "/v1/sessions/{session_id}",
        "Ends a session within a second (`killed`).",
        sessions.end_session,
        role=Role.MEMBER,
    ),
    OwnOperation(
        "sign-in",
        "POST",
        "/v1/sign-in",
        "Signs a person in on Keyhole's own page, by a cookie.",
        sign_in.sign_in,
        body=sign_in.SignInRequest,
        answer=_PERSON,
    ),
    OwnOperation("sign-out", "POST", "/v1/sign-out", "Makes the caller's token invalid.", sign_in.sign_out),
    OwnOperation("show-me", "GET", "/v1/me", "Who the caller is.", sign_in.show_me, signed_in=True, answer=_PERSON),
    OwnOperation(
        "show-ticket",
        "GET",
        "/c/{console_id}/session",
        "What a console is that was opened in this browser, and whether it can be come back to.",
        tickets.show,
        ticket=True,
        answer=_TICKET,
    ),
    OwnOperation(
        "close-console",
        "DELETE",
        "/c/{console_id}/session",
        "Closes a console for good: its session ends and nobody comes back.",
        tickets.close,
        ticket=True,
    ),
)


def find(method: str, path: str) -> tuple[OwnOperation, Mapping[str, str]] | None:
    """The operation at a path, and the path's parameters."""
    for operation in OPERATIONS:
        parameters = operation.parameters(path) if operation.method == method else None
        if parameters is not None:
            return operation, parameters
    return None


def methods_at(path: str) -> list[str]:
    """Which methods are answered at a path."""
    return [operation.method for operation in OPERATIONS if operation.parameters(path) is not None]
