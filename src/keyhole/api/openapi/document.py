"""The OpenAPI document of the whole HTTP API, generated from the tables that define the API.

Calls that share a path and method (actions, ranges of microversions) are one operation there: its body is one of
theirs, and `x-openstack` lists them.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from keyhole import __version__
from keyhole.api.compute.answers import FAULT, NO_ROUTE, TEXT, UNAUTHORIZED, closed
from keyhole.api.compute.operations import OPERATIONS, Operation
from keyhole.api.compute.query import Argument
from keyhole.api.compute.versions import LEGACY_VERSION_HEADER, NEWEST, OLDEST, VERSION_HEADER
from keyhole.api.identity.endpoints import ENDPOINTS, Endpoint
from keyhole.api.openapi.schemas import body_of, json_schema, model_schema
from keyhole.api.v1.answers import READINESS
from keyhole.api.v1.operations import OWN_OPERATIONS, V1Operation
from keyhole.protocols.http import ticket_cookie

COMPUTE = "/compute/v2.1"
IDENTITY = "/identity"

Json = dict[str, Any]

_ALWAYS = (400, 401, 404, 406, 408, 413, 415, 503)
_IDENTITY_ALWAYS = (400, 401, 403, 404, 408, 409, 413, 429, 503)
_TOKEN: Sequence[Json] = ({"token": []},)
_TICKET: Sequence[Json] = ({"ticket": []},)
_SECURITY: Json = {
    "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token", "description": "An identity token."},
    "ticket": {
        "type": "apiKey",
        "in": "cookie",
        "name": ticket_cookie.NAME,
        "description": "The ticket that a browser received when it opened the console.",
    },
}
_PROBLEM_TYPE = "application/problem+json"

ERROR = closed(error=closed(code={"type": "integer"}, title=TEXT, message=TEXT))
PROBLEM: Json = {
    "type": "object",
    "properties": {
        "type": dict(TEXT),
        "title": dict(TEXT),
        "status": {"type": "integer"},
        "detail": dict(TEXT),
        "reason": dict(TEXT),
    },
    "required": ["type", "title", "status", "detail", "reason"],
}


def document(public_url: str, *, issues_tokens: bool) -> Json:
    """The document, for a service at this URL; with the identity calls if tokens are issued here."""
    components: Json = {
        "securitySchemes": _SECURITY,
        "schemas": {
            "Fault": FAULT,
            "NoRoute": NO_ROUTE,
            "Unauthorized": UNAUTHORIZED,
            "Error": ERROR,
            "Problem": PROBLEM,
        },
    }
    identity = _identity(components) if issues_tokens else ()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Keyhole",
            "version": __version__,
            "description": "Any server's console in a browser through one API call.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url}],
        "tags": [{"name": name} for name in ("compute", "identity", "keyhole", "health")],
        "paths": _by_path((*_compute(), *identity, *_own(components), *_health())),
        "components": components,
    }


def _by_path(operations: Sequence[tuple[str, str, Json]]) -> Json:
    paths: dict[str, Json] = defaultdict(dict)
    for method, path, described in operations:
        paths[path][method.lower()] = _path_parameters(path, described)
    return dict(paths)


def _path_parameters(path: str, described: Json) -> Json:
    named: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    return described | {"parameters": named + described.get("parameters", [])} if named else described


def _compute() -> Iterator[tuple[str, str, Json]]:
    shared: dict[tuple[str, str], list[Operation]] = defaultdict(list)
    for operation in OPERATIONS:
        shared[operation.method, operation.path].append(operation)
    for (method, path), rows in shared.items():
        yield method, f"{COMPUTE}{path}", _compute_operation(rows)
    for path in ("/compute", f"{COMPUTE}/", "/compute/v2/"):
        described = _described(f"GET {path}", "compute", "Versions, for discovery.", security=())
        described["responses"] = {"200": _content({"type": "object"})} | _refusals((400, 406, 415), "Fault")
        yield "GET", path, described


def _compute_operation(rows: Sequence[Operation]) -> Json:
    first = rows[0]
    summary = first.summary if len(rows) == 1 else " ".join(dict.fromkeys(row.summary for row in rows))
    described = _described(f"{first.method} {first.path}", "compute", summary, security=_TOKEN)
    described["x-openstack"] = [
        {"name": row.name, "oldest": str(row.oldest), "newest": str(row.newest)}
        | ({"action": row.action} if row.action else {})
        | ({"role": row.role.value} if row.role else {})
        for row in rows
    ]
    described["parameters"] = [_version_parameter(VERSION_HEADER), *_query_parameters(first.query.arguments)]
    if first.takes_body:
        described["requestBody"] = body_of([json_schema(row.body) for row in rows if row.body is not None])
    answers = list({id(row.answer): dict(row.answer) for row in rows if row.answer is not None}.values())
    statuses = {*_ALWAYS, *(status for row in rows for status in row.refusals)}
    statuses |= {403} if any(row.role for row in rows) else set()
    described["responses"] = _refusals(sorted(statuses), "Fault")
    if answers:
        answer = answers[0] if len(answers) == 1 else {"oneOf": answers}
        described["responses"]["200"] = _content(answer) | {"headers": _version_headers()}
    return described


def _version_parameter(name: str) -> Json:
    description = f"`compute X.Y`, {OLDEST} to {NEWEST}, or `compute latest`; {OLDEST} without it."
    return {"name": name, "in": "header", "description": description, "schema": dict(TEXT)}


def _version_headers() -> Json:
    return {name: {"schema": dict(TEXT)} for name in (VERSION_HEADER, LEGACY_VERSION_HEADER)}


def _query_parameters(arguments: Sequence[Argument]) -> Iterator[Json]:
    by_name: dict[str, list[Argument]] = defaultdict(list)
    for argument in arguments:
        by_name[argument.name].append(argument)
    for name, same in by_name.items():
        schemas = [json_schema(argument.schema) for argument in same]
        item = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        parameter: Json = {"name": name, "in": "query", "schema": {"type": "array", "items": item}}
        oldest = min(argument.oldest for argument in same)
        if oldest > OLDEST:
            parameter["description"] = f"From microversion {oldest} on."
        yield parameter


def _identity(components: Json) -> Iterator[tuple[str, str, Json]]:
    for endpoint in ENDPOINTS:
        yield endpoint.method, f"{IDENTITY}{endpoint.path}", _identity_operation(endpoint, components)


def _identity_operation(endpoint: Endpoint, components: Json) -> Json:
    security = () if endpoint.open else _TOKEN
    path = f"{endpoint.method} {IDENTITY}{endpoint.path}"
    described = _described(path, "identity", endpoint.summary, security=security)
    if endpoint.subject:
        described["parameters"] = [{"name": "X-Subject-Token", "in": "header", "required": True, "schema": dict(TEXT)}]
    if endpoint.body is not None:
        described["requestBody"] = body_of([model_schema(endpoint.body, components["schemas"])])
    success: Json = {"description": HTTPStatus(endpoint.status).phrase}
    if endpoint.answer:
        success = _content({"type": "object", "required": [endpoint.answer]}, endpoint.status)
    described["responses"] = {str(endpoint.status): success} | _refusals(_IDENTITY_ALWAYS, "Error")
    return described


def _own(components: Json) -> Iterator[tuple[str, str, Json]]:
    for operation in OWN_OPERATIONS:
        yield operation.method, operation.path, _own_operation(operation, components)


def _own_operation(operation: V1Operation, components: Json) -> Json:
    path = f"{operation.method} {operation.path}"
    described = _described(path, "keyhole", operation.summary, security=_security_of(operation))
    described["parameters"] = [
        {"name": name, "in": "query", "schema": dict(schema)} for name, schema in operation.query.items()
    ]
    if operation.body is not None:
        described["requestBody"] = body_of([model_schema(operation.body, components["schemas"])])
    success: Json = {"description": HTTPStatus(operation.status).phrase}
    if operation.answer is not None:
        success = _content(dict(operation.answer), operation.status, operation.media_type)
    problems = {str(status): _content(_ref("Problem"), status, _PROBLEM_TYPE) for status in operation.statuses_refused}
    described["responses"] = {str(operation.status): success} | problems
    return described


def _security_of(operation: V1Operation) -> Sequence[Json]:
    if operation.ticket:
        return _TICKET
    return _TOKEN if operation.needs_identity else ()


def _health() -> Iterator[tuple[str, str, Json]]:
    for path, summary, content_type in (
        ("/healthz", "Whether the process is alive.", "text/plain"),
        (
            "/readyz",
            "Whether Keyhole can serve, and how many problems each part has; for an admin, also which.",
            "application/json",
        ),
        ("/metrics", "Metrics for Prometheus.", "text/plain"),
    ):
        is_readiness = path == "/readyz"
        described = _described(f"GET {path}", "health", summary, security=({}, *_TOKEN) if is_readiness else ())
        schema: Json = dict(READINESS) if is_readiness else {"type": "string"}
        described["responses"] = {"200": _content(schema, 200, content_type)}
        if is_readiness:
            described["responses"]["503"] = _content(schema, 503)
        yield "GET", path, described


def _described(name: str, tag: str, summary: str, *, security: Sequence[Json]) -> Json:
    operation_id = re.sub(r"\W+", "-", name).strip("-").lower()
    return {"operationId": operation_id, "tags": [tag], "summary": summary, "security": list(security)}


def _refusals(statuses: Sequence[int], shape: str) -> Json:
    """Answers of these statuses in a surface's format. In the compute API two have a different format."""
    schemas: dict[int, Json] = defaultdict(lambda: _ref(shape))
    if shape == "Fault":
        schemas |= {401: _ref("Unauthorized"), 404: {"oneOf": [_ref("Fault"), _ref("NoRoute")]}}
    return {str(status): _content(schemas[status], status) for status in statuses}


def _content(schema: Json, status: int = 200, content_type: str = "application/json") -> Json:
    return {"description": HTTPStatus(status).phrase, "content": {content_type: {"schema": schema}}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
