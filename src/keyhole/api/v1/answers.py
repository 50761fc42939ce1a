"""The answers of Keyhole's own API: a model for each, and its JSON Schema for the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from keyhole.api.compute.answers import NUMBER, TEXT, JsonSchema, closed
from keyhole.model import Protocol, Rights, ServerStatus

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""ISO 8601 in UTC, to the second."""


class Answer(BaseModel):
    """A JSON object without the properties that are not set."""

    model_config = ConfigDict(extra="forbid")


class Named(Answer):
    """Something by its id and name."""

    id: str
    name: str


class LastOpened(Answer):
    """Who opened a console last."""

    user: str
    at: Time


class ServerView(Answer):
    """A server with its consoles; `host` is empty except for admins."""

    id: str
    name: str
    project: Named
    host: str
    status: ServerStatus
    consoles: list[Protocol]
    console_log: bool
    last_opened: LastOpened | None


class ServersPage(Answer):
    """A page of servers, with `next_marker` only if there are more."""

    servers: list[ServerView]
    next_marker: str = ""


class _Console(Answer):
    console: str
    server: Named
    console_type: str
    protocol: Protocol
    rights: Rights


class LinkView(_Console):
    """What a link opens; its lifetime is in seconds."""

    expires_at: Time
    lifetime_seconds: int
    reuse: Literal["once", "until_expiry"]
    resumable: bool


class TicketView(_Console):
    """The console that a ticket is for."""

    user: str
    resumable: bool
    expires_at: Time | None


class SessionView(Answer):
    """A live session."""

    id: str
    console: str
    server: Named
    console_type: str
    protocol: Protocol
    rights: Rights
    project_id: str
    user: Named
    viewer: str
    opened_at: Time
    last_input_at: Time
    to_viewer_bytes: int
    to_target_bytes: int


class SessionAnswer(Answer):
    """{"session": {...}}."""

    session: SessionView


class PageLink(Answer):
    """A link to another page."""

    rel: str
    href: str


class SessionsPage(Answer):
    """A page of sessions, with links only if there may be more."""

    sessions: list[SessionView]
    sessions_links: list[PageLink] = []


class Person(Answer):
    """Who is signed in, and for which project."""

    user: Named
    project: Named | None
    roles: list[str]
    expires_at: Time


class FlowView(Answer):
    """The traffic in one direction."""

    bytes: int
    pieces: int
    largest_bytes: int
    longest_pause_seconds: float


class TrafficView(Answer):
    """A session's traffic over some seconds."""

    session: str
    seconds: float
    to_viewer: FlowView
    to_target: FlowView


class Traffic(Answer):
    """{"traffic": {...}}."""

    traffic: TrafficView


def schema_of(answer: type[Answer]) -> JsonSchema:
    """An answer's JSON Schema in one piece: the names of our models are not part of the API."""
    schema = answer.model_json_schema(mode="serialization")
    inlined: JsonSchema = _inlined(schema, schema.get("$defs", {}))
    return inlined


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(parts[schema["$ref"].rpartition("/")[2]], parts)
    kept = {key: value for key, value in schema.items() if key not in ("$defs", "title", "description", "default")}
    if "properties" in kept:
        return kept | {"properties": {name: _inlined(inner, parts) for name, inner in kept["properties"].items()}}
    return {key: _inlined(value, parts) for key, value in kept.items()}


DOCUMENT: JsonSchema = {"type": "object", "required": ["openapi", "paths"]}
CAPTURE: JsonSchema = {"type": "string", "format": "binary"}
READINESS: JsonSchema = {
    "type": "object",
    "properties": {
        "ready": {"type": "boolean"},
        "parts": {
            "type": "object",
            "properties": {
                "store": NUMBER,
                "identity": NUMBER,
                "drivers": {"type": "object", "additionalProperties": NUMBER},
            },
            "required": ["store", "identity", "drivers"],
        },
        "problems": {"type": "array", "items": closed(part=TEXT, sentence=TEXT)},
    },
    "required": ["ready", "parts"],
    "additionalProperties": False,
}
"""`/readyz`: the number of problems for everybody, and the problems themselves for an admin."""
