"""One request to the compute API, through its checks in Nova's order.

The order, which clients can observe: size, token (401), route (404), microversion (400, 406), content type (415),
action name (400, 404), JSON (400), the URL's project (400), the operation's microversions (404), schema (400), then
role and server in the operation's order. Paths below /v2 are the legacy mode: always the oldest microversion, no
microversion headers, and unknown properties are dropped instead of refused.
"""

import re
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from keyhole.api.auth import caller_of
from keyhole.api.compute.call import Call, Links
from keyhole.api.compute.faults import NoSuchRoute, fault, no_such_route, not_authenticated
from keyhole.api.compute.operations import ACTION_PATH, Operation, Order
from keyhole.api.compute.schema import Invalid, check
from keyhole.api.compute.versions import (
    OLDEST,
    Microversion,
    all_versions,
    choices,
    one_version,
    refuse_unsupported,
    requested_version,
    version_headers,
)
from keyhole.api.errors import RequestRefused
from keyhole.api.http import (
    API_BODY_LIMIT_BYTES,
    Exchange,
    json_response,
    parse_json,
    raw_response,
    read_body,
    refuse_declared_length,
)
from keyhole.api.path_table import Match, PathTable
from keyhole.api.services import ApiServices
from keyhole.errors import Forbidden, Refusal
from keyhole.model import Identity, RequesterToken
from keyhole.reasons import Reason
from keyhole.telemetry.telemetry import Surface

PREFIX = "/compute"

_PROJECT_ID = re.compile(r"[0-9a-f-]+")
JSON = "application/json"
OWN_JSON = "application/vnd.openstack.compute+json"

_CONTENT_TYPES = frozenset({"", "text/plain", JSON, OWN_JSON})
_NO_QUERY = QueryParams()
_NOT_FOUND = "The resource could not be found."


class ComputeExchange(Exchange):
    """`version` is None until it has been negotiated, and always in the legacy mode: answers state it if it is set."""

    surface = Surface.COMPUTE

    def __init__(self, request: Request, services: ApiServices, routes: PathTable[Operation]) -> None:
        super().__init__(request, services.proxies)
        self._services = services
        self._routes = routes
        self._version: Microversion | None = None

    async def answer(self) -> Response:
        path = self.request.scope["path"].removeprefix(PREFIX)
        base_url = self._services.compute_url
        match path.split("/"):
            case [""] | ["", ""]:
                return json_response(200, all_versions(base_url))
            case ["", "v2.1"] | ["", "v2.1", ""]:
                self._negotiate()
                return self._show_version(legacy=False)
            case ["", "v2"] | ["", "v2", ""]:
                return self._show_version(legacy=True)
            case ["", ("v2" | "v2.1") as version_path, *segments]:
                return await self._operate(version_path, _without_empty_start(segments))
            case _:
                return json_response(300, choices(base_url, path))

    def refuse(self, refusal: Refusal) -> Response:
        headers = self._headers()
        if refusal.reason is Reason.NOT_AUTHENTICATED:
            return not_authenticated(refusal, self._services.identity_url, headers)
        if isinstance(refusal, NoSuchRoute):
            return no_such_route(headers)
        return fault(refusal, headers)

    async def _operate(self, version_path: str, segments: tuple[str, ...]) -> Response:
        refuse_declared_length(self.request, API_BODY_LIMIT_BYTES)
        token, signed_in = await caller_of(self.request, self._services)
        identity = signed_in.identity
        project_id = segments[0] if _PROJECT_ID.fullmatch(segments[0]) else ""
        if project_id:
            segments = segments[1:]
        legacy = version_path == "v2"
        if segments == ("",):
            return self._show_version_to(identity, project_id, legacy=legacy)
        match = self._routes.find(self.request.method, ("", *segments))
        if match is None:
            raise NoSuchRoute(Reason.NOT_FOUND, _NOT_FOUND)
        version = OLDEST if legacy else self._negotiate()
        self._check_content_type()
        candidates, body = await self._read(match)
        _check_project(project_id, identity)
        operation = _in_version(candidates, version)
        call = Call(
            services=self._services,
            identity=identity,
            requester=RequesterToken(token, signed_in.expires_at, signed_in.application_credential_id),
            version=version,
            parameters=match.parameters,
            query=self._query(operation, version, legacy=legacy),
            body=self._validated(operation, body, legacy=legacy),
            links=Links(self._services.compute_url, version_path, project_id),
            request_id=self.request_id,
        )
        await _authorize(operation, call)
        return self._success(await operation.handler(call))

    def _show_version_to(self, identity: Identity, project_id: str, *, legacy: bool) -> Response:
        if self.request.method != "GET":
            raise NoSuchRoute(Reason.NOT_FOUND, _NOT_FOUND)
        if not legacy:
            self._negotiate()
        _check_project(project_id, identity)
        return self._show_version(legacy=legacy)

    def _show_version(self, *, legacy: bool) -> Response:
        self._check_content_type()
        self._check_query_encoding()
        return self._success(one_version(self._services.compute_url, legacy=legacy))

    def _negotiate(self) -> Microversion:
        self._version = requested_version(self.request.headers)
        refuse_unsupported(self._version)
        return self._version

    def _check_content_type(self) -> None:
        content_type = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in _CONTENT_TYPES:
            message = "Unsupported Content-Type; send application/json."
            raise RequestRefused(415, Reason.REQUEST_MALFORMED, message)

    async def _read(self, match: Match[Operation]) -> tuple[tuple[Operation, ...], Any]:
        """The operations that match the body's action, and the body."""
        if not match.rows[0].takes_body:
            return match.rows, None
        text = await read_body(self.request, API_BODY_LIMIT_BYTES)
        if match.rows[0].path == ACTION_PATH:
            body = _json_value(text)
            return _of_action(match.rows, body), body
        return match.rows, _json_value(text) if text else None

    def _query(self, operation: Operation, version: Microversion, *, legacy: bool) -> QueryParams:
        """The arguments that the operation takes. The legacy mode allows all."""
        if not self.request.scope["query_string"]:
            return _NO_QUERY
        self._check_query_encoding()
        try:
            query = self.request.query_params
            return query if legacy else operation.query.accept(query, version)
        except Invalid as invalid:
            raise RequestRefused(400, Reason.REQUEST_MALFORMED, str(invalid)) from invalid

    def _check_query_encoding(self) -> None:
        if self.request.method != "GET":
            return
        try:
            unquote_to_bytes(self.request.scope["query_string"]).decode()
        except UnicodeDecodeError as error:
            message = "Query string is not UTF-8 encoded; write it in percent-encoded UTF-8."
            raise RequestRefused(400, Reason.REQUEST_MALFORMED, message) from error

    def _validated(self, operation: Operation, body: Any, *, legacy: bool) -> Any:
        try:
            return body if operation.body is None else check(operation.body, body, strip=legacy)
        except Invalid as invalid:
            raise RequestRefused(400, Reason.REQUEST_MALFORMED, str(invalid)) from invalid

    def _success(self, content: dict[str, Any] | bytes) -> Response:
        if isinstance(content, bytes):
            return raw_response(200, content, self._answer_type(), self._headers())
        return json_response(200, content, self._headers(), content_type=self._answer_type())

    def _answer_type(self) -> str:
        """JSON, under the compute API's own name for it where only that is accepted."""
        accepted = self.request.headers.get("accept", "")
        return OWN_JSON if OWN_JSON in accepted and JSON not in accepted and "*" not in accepted else JSON

    def _headers(self) -> list[tuple[str, str]]:
        ids = [("x-openstack-request-id", self.request_id), ("x-compute-request-id", self.request_id)]
        return ids if self._version is None else [*ids, *version_headers(self._version)]


def _without_empty_start(segments: list[str]) -> tuple[str, ...]:
    """An endpoint that ends in a slash leads to paths that begin with two."""
    while len(segments) > 1 and not segments[0]:
        segments = segments[1:]
    return tuple(segments)


def _json_value(text: bytes) -> Any:
    try:
        # NaN is an invalid number, as in Nova: the schema's error says where.
        return parse_json(text, not_numbers=True)
    except ValueError as error:
        raise _malformed() from error


def _of_action(operations: tuple[Operation, ...], body: Any) -> tuple[Operation, ...]:
    """The operations named by the body's only key; a body that is not an object is refused as in Nova."""
    if isinstance(body, dict | list | str) and len(body) != 1:
        raise _malformed()
    if not isinstance(body, dict):
        raise RequestRefused(404, Reason.NOT_FOUND, f"{_NOT_FOUND} An action is a JSON object with one key.")
    (action,) = body
    named = tuple(operation for operation in operations if operation.action == action)
    if not named:
        known = ", ".join(sorted({str(operation.action) for operation in operations}))
        message = f"There is no such action: {action[:255]}; the actions are {known}."
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, message)
    return named


def _malformed() -> RequestRefused:
    message = "Malformed request body; send a JSON object without duplicate keys; an action has exactly one key."
    return RequestRefused(400, Reason.REQUEST_MALFORMED, message)


def _check_project(project_id: str, identity: Identity) -> None:
    if project_id and project_id != identity.project_id:
        message = (
            f"Malformed request URL: URL's project_id '{project_id[:255]}' doesn't match"
            f" Context's project_id '{identity.project_id}'"
        )
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, message)


def _in_version(candidates: tuple[Operation, ...], version: Microversion) -> Operation:
    for operation in candidates:
        if operation.oldest <= version <= operation.newest:
            return operation
    ranges = " and ".join(operation.versions for operation in candidates)
    message = f"{_NOT_FOUND} {candidates[0].name} exists at microversions {ranges}, not at {version}."
    raise RequestRefused(404, Reason.NOT_FOUND, message)


async def _authorize(operation: Operation, call: Call) -> None:
    if operation.allows(call.identity):
        return
    if operation.order is Order.SERVER_FIRST:
        await call.services.servers.find_for(call.identity, call.parameters["server_id"])
    message = f"Policy doesn't allow {operation.policy} to be performed. It requires the role {operation.role}."
    raise Forbidden(message)
