"""The answers of Keyhole's own API, as JSON Schema: for the OpenAPI document, the reference and tests."""

from keyhole.api.compute.answers import LINKS, NUMBER, TEXT, JsonSchema, closed
from keyhole.model import Protocol, Rights, ServerStatus

FLAG: JsonSchema = {"type": "boolean"}
TIME: JsonSchema = {"type": "string", "format": "date-time"}
NAMED = closed(id=TEXT, name=TEXT)


def _array(item: JsonSchema) -> JsonSchema:
    return {"type": "array", "items": dict(item)}


def _or_null(schema: JsonSchema) -> JsonSchema:
    return {"anyOf": [dict(schema), {"type": "null"}]}


def _page(name: str, item: JsonSchema, more_name: str, more: JsonSchema) -> JsonSchema:
    """A page of a list; `more_name` is only present when there may be more."""
    return {
        "type": "object",
        "properties": {name: dict(_array(item)), more_name: dict(more)},
        "required": [name],
        "additionalProperties": False,
    }


_PROTOCOL: JsonSchema = {"type": "string", "enum": [protocol.value for protocol in Protocol]}
_CONSOLE = {
    "console": TEXT,
    "server": NAMED,
    "console_type": TEXT,
    "protocol": _PROTOCOL,
    "rights": {"type": "string", "enum": [rights.value for rights in Rights]},
}
"""The common part of all answers about a console that may be opened."""

DOCUMENT: JsonSchema = {"type": "object", "required": ["openapi", "paths"]}
LINK = closed(
    **_CONSOLE,
    expires_at=TIME,
    lifetime_seconds=NUMBER,
    reuse={"type": "string", "enum": ["once", "until_expiry"]},
    resumable=FLAG,
)
_SESSION = closed(
    id=TEXT,
    **_CONSOLE,
    project_id=TEXT,
    user=NAMED,
    viewer=TEXT,
    opened_at=TIME,
    last_input_at=TIME,
    to_viewer_bytes=NUMBER,
    to_target_bytes=NUMBER,
)
_SECONDS: JsonSchema = {"type": "number"}
_FLOW = closed(bytes=NUMBER, pieces=NUMBER, largest_bytes=NUMBER, longest_pause_seconds=_SECONDS)
TRAFFIC = closed(traffic=closed(session=TEXT, seconds=_SECONDS, to_viewer=_FLOW, to_target=_FLOW))
CAPTURE: JsonSchema = {"type": "string", "format": "binary"}
ONE_SESSION = closed(session=_SESSION)
SESSIONS = _page("sessions", _SESSION, "sessions_links", LINKS)
_SERVER = closed(
    id=TEXT,
    name=TEXT,
    project=NAMED,
    host=TEXT,
    status={"type": "string", "enum": [status.value for status in ServerStatus]},
    consoles=_array(_PROTOCOL),
    console_log=FLAG,
    last_opened=_or_null(closed(user=TEXT, at=TIME)),
)
SERVERS = _page("servers", _SERVER, "next_marker", TEXT)
PERSON = closed(user=NAMED, project=_or_null(NAMED), roles=_array(TEXT), expires_at=TIME)
READINESS: JsonSchema = {
    "type": "object",
    "properties": {
        "ready": FLAG,
        "parts": {
            "type": "object",
            "properties": {
                "store": NUMBER,
                "identity": NUMBER,
                "drivers": {"type": "object", "additionalProperties": NUMBER},
            },
            "required": ["store", "identity", "drivers"],
        },
        "problems": _array(closed(part=TEXT, sentence=TEXT)),
    },
    "required": ["ready", "parts"],
    "additionalProperties": False,
}
"""`/readyz`: the numbers of problems for everybody, and their descriptions for admins."""

TICKET = closed(**_CONSOLE, user=TEXT, resumable=FLAG, expires_at=_or_null(TIME))
