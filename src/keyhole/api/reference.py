"""The text of docs/reference/api.md and roles.md, from the tables that define the API."""

from collections.abc import Iterator

from keyhole.api.auth import PAGE_HEADER
from keyhole.api.compute.answers import JsonSchema
from keyhole.api.compute.operations import OPERATIONS, Operation, Order
from keyhole.api.compute.schema import Schema
from keyhole.api.compute.versions import NEWEST, OLDEST
from keyhole.api.http import API_BODY_LIMIT_BYTES, BODY_DEADLINE_SECONDS
from keyhole.api.identity.endpoints import ENDPOINTS
from keyhole.api.readiness import DEADLINE_SECONDS, DRIVER_FRESH_SECONDS, FRESH_SECONDS
from keyhole.api.v1.operations import OPENAPI_PATH, OWN_OPERATIONS, V1Operation
from keyhole.model import Identity, Role


def render() -> str:
    """The page in Markdown."""
    return "\n".join([*_compute(), "", *_identity(), "", *_own(), "", *_health()])


def render_roles() -> str:
    """The page about roles in Markdown: which role may call what."""
    return "\n".join(_roles())


def _roles() -> Iterator[str]:
    callers = [
        ("none", _caller()),
        (Role.READER.value, _caller(Role.READER)),
        (Role.MEMBER.value, _caller(Role.MEMBER)),
        (Role.ADMIN.value, _caller(Role.ADMIN)),
    ]
    yield "# Roles"
    yield "What a caller with a token for a project may do there, by its role; `none` is a token without any of the"
    yield "three. A `member` may do what a `reader` may, an `admin` everything and in every project. Other roles are"
    yield "ignored, and a token for a domain or the system instead of a project has no role here."
    yield ""
    yield "`yes`: the call is allowed. `403`: the role is not sufficient. `404`: servers of other projects exist for an"
    yield "admin only. The last column is for a member of another project that requests a server of this one; lists"
    yield "contain its own project's servers. Removed calls are refused for everybody."
    yield ""
    yield f"| call | microversions | {' | '.join(name for name, _ in callers)} | member of another project |"
    yield f"|---|---|{'---|' * len(callers)}---|"
    for operation in OPERATIONS:
        cells = ["yes" if operation.allows(caller) else "403" for _, caller in callers]
        cells.append(_from_elsewhere(operation, _caller(Role.MEMBER)))
        call = f"`{operation.method} {operation.path}`{_action(operation)}"
        yield f"| {call} | {operation.versions} | {' | '.join(cells)} |"


def _caller(*roles: Role) -> Identity:
    return Identity("", "", roles=frozenset(roles))


def _from_elsewhere(operation: Operation, caller: Identity) -> str:
    allowed = operation.allows(caller)
    about_a_server = operation.role is not None and "{server_id}" in operation.path
    if about_a_server and (allowed or operation.order is Order.SERVER_FIRST):
        return "404"
    return "yes" if allowed else "403"


def _compute() -> Iterator[str]:
    yield "# HTTP API"
    yield f"A body may have {API_BODY_LIMIT_BYTES} bytes and {BODY_DEADLINE_SECONDS:g} seconds to arrive."
    yield ""
    yield "## Compute: `/compute`"
    yield "The console part of the OpenStack Compute API in Nova's shapes, below `/compute/v2.1`,"
    yield "`/compute/v2.1/{project_id}` and, as the oldest microversion without headers, `/compute/v2/{project_id}`."
    yield f"Microversions {OLDEST} to {NEWEST}; `X-Auth-Token` is the identity token. `GET /compute`,"
    yield "`GET /compute/v2.1/` and `GET /compute/v2/` are the version documents and need no token."
    yield "[Differences](../differences-from-nova.md) lists where Keyhole's answers differ from Nova's."
    yield ""
    yield "| call | microversions | role | body | what it does |"
    yield "|---|---|---|---|---|"
    for operation in OPERATIONS:
        yield (
            f"| `{operation.method} {operation.path}`{_action(operation)} | {operation.versions}"
            f" | {operation.role or 'any'} | {_body(operation.body)} | {operation.summary} |"
        )


def _action(operation: Operation) -> str:
    return f" `{operation.action}`" if operation.action else ""


def _body(schema: Schema | None) -> str:
    return "-" if schema is None else f"`{_shape(schema)}`"


def _shape(schema: Schema) -> str:
    """A schema in short: {"type": novnc or xvpvnc}."""
    if schema.properties:
        parts = (
            f'"{name}"{"" if name in schema.required else "?"}: {_shape(inner)}'
            for name, inner in schema.properties.items()
        )
        return "{" + ", ".join(parts) + "}"
    return " or ".join(schema.enum or schema.types)


def _identity() -> Iterator[str]:
    yield "## Identity: `/identity`"
    yield "The embedded identity in Keystone's shapes. There is one domain, id `default`, name `Default`. If Keystone"
    yield "issues the tokens (`identity.backend`), only the version documents are available, with links to Keystone."
    yield ""
    yield "| call | what it does |"
    yield "|---|---|"
    for endpoint in ENDPOINTS:
        yield f"| `{endpoint.method} /identity{endpoint.path}` | {endpoint.summary} |"


def _own() -> Iterator[str]:
    yield "## Keyhole's own: `/v1` and `/c`"
    yield "Refusals are `application/problem+json` (RFC 9457) with a [`reason`](reasons.md)."
    yield "A request with an `Origin` that is not allowed to show consoles is refused. Calls that require a role take"
    yield "the identity token in `X-Auth-Token` or, from Keyhole's own page, in the cookie of `POST /v1/sign-in`, if"
    yield f"the request has `{PAGE_HEADER}: 1` and an allowed origin. The compute API accepts the cookie, too."
    yield "`ticket` is the cookie that a browser received when it opened the console."
    yield "An [OpenAPI](https://www.openapis.org/) 3.1 description of every call on this page is at"
    yield f"`{OPENAPI_PATH}`, open to everybody."
    yield ""
    yield "| call | who | query, body | answer | what it does |"
    yield "|---|---|---|---|---|"
    for operation in OWN_OPERATIONS:
        yield (
            f"| `{operation.method} {operation.path}` | {_who(operation)} | {_takes(operation)}"
            f" | {_answer(operation)} | {operation.summary} |"
        )


def _who(operation: V1Operation) -> str:
    if operation.ticket:
        return "ticket"
    if operation.role is not None:
        return operation.role.value
    return "any role" if operation.signed_in else "anybody"


def _takes(operation: V1Operation) -> str:
    if operation.body is None:
        return ", ".join(f"`{name}`" for name in operation.query) or "-"
    fields = operation.body.model_fields.items()
    return "`{" + ", ".join(f'"{name}"{"" if field.is_required() else "?"}' for name, field in fields) + "}`"


def _answer(operation: V1Operation) -> str:
    if operation.answer is None:
        return f"{operation.status}"
    return f"`{_keys(operation.answer)}`" if "properties" in operation.answer else f"`{operation.media_type}`"


def _keys(schema: JsonSchema) -> str:
    """An object's keys and, where they are objects, theirs: {"server": {"id", "name"}, "more"?}."""
    required = schema.get("required", ())
    parts = []
    for name, inner in schema.get("properties", {}).items():
        within = _within(inner)
        parts.append(f'"{name}"{"" if name in required else "?"}{f": {within}" if within else ""}')
    return "{" + ", ".join(parts or ["..."]) + "}"


def _within(schema: JsonSchema) -> str:
    """The description of a value that is or contains an object; otherwise nothing."""
    if "properties" in schema:
        return _keys(schema)
    if "anyOf" in schema:
        return " or ".join(filter(None, (_within(one) or one.get("type") for one in schema["anyOf"])))
    item = _within(schema["items"]) if "items" in schema else ""
    return f"[{item}]" if item else ""


def _health() -> Iterator[str]:
    yield "## Health"
    yield "| call | answer |"
    yield "|---|---|"
    yield "| `GET /healthz` | 200 `ok` while the process is alive |"
    yield (
        '| `GET /readyz` | `{"ready", "parts": {"store": N, "identity": N, "drivers": {NAME: N}}}`: how many problems'
        " each has; 503 if the store or the identity service has any. For an admin, the answer also lists them:"
        ' `"problems": [{"part", "sentence"}]`.'
        f" A check may take {DEADLINE_SECONDS:g} seconds; its result is reused for {FRESH_SECONDS:g} second, a driver's"
        f" for {DRIVER_FRESH_SECONDS:g}. |"
    )
    yield "| `GET /metrics` | [metrics](metrics.md) in Prometheus' text format |"
    yield ""
    yield (
        "`server.admin_listen` is an address that only answers these three, over plain HTTP, with all details for"
        " everybody who can reach it."
    )
