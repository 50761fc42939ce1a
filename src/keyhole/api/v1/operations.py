"""THE table of Keyhole's own API: every call, who may make it, what it takes and returns.

Routing, roles, bodies, the OpenAPI document and docs/reference/api.md are derived from it. A new call is a row and its
handler.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pydantic import BaseModel
from starlette.responses import Response

from keyhole.api.compute.answers import JsonSchema
from keyhole.api.path_table import PathTable
from keyhole.api.v1 import answers, debug, links, servers, sessions, tickets
from keyhole.api.v1 import login as sign_in
from keyhole.api.v1.answers import schema_of
from keyhole.api.v1.call import V1Call, show_document
from keyhole.api.v1.paging import PAGE_QUERY
from keyhole.model import Identity, Role
from keyhole.protocols import pcap


@dataclass(frozen=True, slots=True)
class V1Operation:
    """One call. The parts of its path in braces are parameters.

    `role` is required of the caller's identity; None if no identity is required. `ticket` says that a ticket's cookie
    is required. `query` are the arguments that are used, `answer` is the content of a success (None: 204 without any),
    of the `media_type`; `refusals` are statuses in addition to those that follow from the other columns. Pages of any
    origin may only make calls with `any_origin`.
    """

    name: str
    method: str
    path: str
    summary: str
    handler: Callable[[V1Call], Awaitable[Response]]
    role: Role | None = None
    signed_in: bool = False
    ticket: bool = False
    query: Mapping[str, JsonSchema] = field(default_factory=lambda: MappingProxyType({}))
    body: type[BaseModel] | None = None
    answer: JsonSchema | None = None
    media_type: str = "application/json"
    refusals: tuple[int, ...] = ()
    any_origin: bool = False

    @property
    def status(self) -> int:
        """The status of a success."""
        return 204 if self.answer is None else 200

    @property
    def statuses_refused(self) -> list[int]:
        """Every status of a refusal."""
        found = {400, 404, *self.refusals}
        found |= set() if self.any_origin else {403}
        found |= {401, 503} if self.needs_identity else set()
        found |= {503} if self.ticket else set()
        found |= {408, 413} if self.body is not None else set()
        return sorted(found)

    @property
    def needs_identity(self) -> bool:
        """Whether a caller must have an identity."""
        return self.signed_in or self.role is not None

    def allows(self, identity: Identity) -> bool:
        """Whether the identity's roles are sufficient."""
        return identity.has(self.role)


OPENAPI_PATH = "/v1/openapi.json"

OWN_OPERATIONS: tuple[V1Operation, ...] = (
    V1Operation(
        "show-document",
        "GET",
        OPENAPI_PATH,
        "This OpenAPI description.",
        show_document,
        answer=answers.DOCUMENT,
        any_origin=True,
    ),
    V1Operation(
        "list-servers",
        "GET",
        "/v1/servers",
        "The servers of the project, with their consoles and who last opened one; for an admin on request those of all"
        " projects.",
        servers.list_servers,
        role=Role.READER,
        query=PAGE_QUERY,
        answer=schema_of(answers.ServersPage),
    ),
    V1Operation(
        "inspect-link",
        "POST",
        "/v1/links/inspect",
        "The console that a link opens, for any holder of the link's token. The link is not redeemed.",
        links.inspect,
        body=links.InspectRequest,
        answer=schema_of(answers.LinkView),
        refusals=(503,),
    ),
    V1Operation(
        "revoke-link",
        "DELETE",
        "/v1/links/{console_id}",
        "Revokes a console link; its sessions end within a second.",
        links.revoke,
        role=Role.MEMBER,
    ),
    V1Operation(
        "list-sessions",
        "GET",
        "/v1/sessions",
        "The live sessions of the project, the newest first; for an admin on request those of all projects.",
        sessions.list_sessions,
        role=Role.READER,
        query=PAGE_QUERY,
        answer=schema_of(answers.SessionsPage),
    ),
    V1Operation(
        "show-session",
        "GET",
        "/v1/sessions/{session_id}",
        "One live session.",
        sessions.show_session,
        role=Role.READER,
        answer=schema_of(answers.SessionAnswer),
    ),
    V1Operation(
        "end-session",
        "DELETE",
        "/v1/sessions/{session_id}",
        "Ends a session within a second (`killed`).",
        sessions.end_session,
        role=Role.MEMBER,
    ),
    V1Operation(
        "capture-session",
        "GET",
        "/v1/sessions/{session_id}/capture",
        "Captures a live session's traffic, keystrokes included, as a pcap file, until the session ends or `seconds`"
        " (3600) have passed. `421`: another worker has the session; try again on a new connection.",
        debug.capture,
        role=Role.ADMIN,
        query=debug.SECONDS_QUERY,
        answer=answers.CAPTURE,
        media_type=pcap.MEDIA_TYPE,
        refusals=(421,),
    ),
    V1Operation(
        "measure-traffic",
        "GET",
        "/v1/sessions/{session_id}/traffic",
        "Counts a live session's traffic in each direction over the next `seconds` (5). `421` as above.",
        debug.traffic,
        role=Role.ADMIN,
        query=debug.SECONDS_QUERY,
        answer=schema_of(answers.Traffic),
        refusals=(421,),
    ),
    V1Operation(
        "sign-in",
        "POST",
        "/v1/sign-in",
        "Signs a user in on Keyhole's own page, with a cookie.",
        sign_in.sign_in,
        body=sign_in.SignInRequest,
        answer=schema_of(answers.Person),
        refusals=(401, 429, 503),
    ),
    V1Operation(
        "sign-out",
        "POST",
        "/v1/sign-out",
        "Makes the caller's token invalid.",
        sign_in.sign_out,
        refusals=(503,),
    ),
    V1Operation(
        "show-me",
        "GET",
        "/v1/me",
        "The caller's identity.",
        sign_in.show_me,
        signed_in=True,
        answer=schema_of(answers.Person),
    ),
    V1Operation(
        "show-ticket",
        "GET",
        "/c/{console_id}/session",
        "The console that this browser opened, and whether it can be resumed.",
        tickets.show,
        ticket=True,
        answer=schema_of(answers.TicketView),
    ),
    V1Operation(
        "close-console",
        "DELETE",
        "/c/{console_id}/session",
        "Closes a console permanently: its session ends and cannot be resumed.",
        tickets.close,
        ticket=True,
    ),
)


_TABLE = PathTable(OWN_OPERATIONS, head=True)


def find(method: str, path: str) -> tuple[V1Operation, Mapping[str, str]] | None:
    """The operation at a path, and the path's parameters."""
    match = _TABLE.find(method, path.split("/"))
    return None if match is None else (match.rows[0], match.parameters)


def methods_at(path: str) -> list[str]:
    """Which methods are answered at a path."""
    return _TABLE.methods_at(path.split("/"))
