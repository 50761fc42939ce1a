"""Requests in, responses out: the few rules that apply to every surface.

A surface creates one `Exchange` for each request. `Application` runs it and is the only place that turns failures into
answers, so an exchange raises and never catches for that purpose.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

from starlette.datastructures import Headers as StarletteHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from keyhole.api.errors import RequestRefused
from keyhole.errors import Refusal
from keyhole.identifiers import random_uuid
from keyhole.net.proxies import Proxies
from keyhole.ports.http import REQUEST_ARRIVED
from keyhole.reasons import Reason
from keyhole.telemetry.telemetry import Surface

API_BODY_LIMIT_BYTES = 114688
"""The largest body of an API request, as in OpenStack's services."""

BODY_DEADLINE_SECONDS = 10.0
"""How long a request's body may take to arrive."""

NO_STORE = ("Cache-Control", "no-store")

Headers = Iterable[tuple[str, str]]


class IndexedRequest(Request):
    """Starlette's request, with an index for its headers: a call to the API looks up a dozen."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        self._headers = _IndexedHeaders(scope=scope)


class _IndexedHeaders(StarletteHeaders):
    def __init__(self, scope: Scope) -> None:
        super().__init__(scope=scope)
        self._first = dict(reversed(self._list))

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower().encode("latin-1")].decode("latin-1")

    def get(self, key: str, default: Any = None) -> Any:
        value = self._first.get(key.lower().encode("latin-1"))
        return default if value is None else value.decode("latin-1")


class Exchange(ABC):
    """One request and its answer on one surface."""

    surface: Surface

    def __init__(self, request: Request, proxies: Proxies) -> None:
        self.request = request
        self._proxies = proxies
        self.request_id = f"req-{random_uuid()}"

    @property
    def client(self) -> str:
        """The client's address, even behind a trusted proxy; empty on a unix socket. Failed sign-ins count by it."""
        peer = self.request.client.host if self.request.client else ""
        return self._proxies.client_of(peer, self.request.headers.getlist("x-forwarded-for"))

    @abstractmethod
    async def answer(self) -> Response:
        """Handles the request. Raises Refusal."""

    @abstractmethod
    def refuse(self, refusal: Refusal) -> Response:
        """A refusal in this surface's format."""


def json_response(
    status: int, value: object, headers: Headers = (), *, content_type: str = "application/json"
) -> Response:
    """`value` as JSON in pure ASCII, so that anything quoted from a request can be sent."""
    return raw_response(status, json.dumps(value).encode("ascii"), content_type, headers)


def raw_response(status: int, body: bytes, content_type: str, headers: Headers = ()) -> Response:
    """A response with exactly these header lines, including repeated names."""
    response = Response(body, status)
    response.raw_headers.append((b"content-type", content_type.encode("latin-1")))
    add_headers(response, headers)
    return response


def add_headers(response: Response, headers: Headers) -> None:
    """Adds header lines to a response, keeping the existing ones."""
    response.raw_headers += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def refuse_declared_length(request: Request, limit_bytes: int) -> None:
    """Refuses a body by its Content-Length, before any of it is read."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared[:20]) > limit_bytes:
        raise _too_large(limit_bytes)


async def read_body(request: Request, limit_bytes: int, *, deadline_seconds: float = BODY_DEADLINE_SECONDS) -> bytes:
    """The whole body. Raises RequestRefused: 413 beyond the limit, 408 if it does not arrive in time."""
    refuse_declared_length(request, limit_bytes)
    arrived = request.scope.get(REQUEST_ARRIVED)
    # A timer costs more than everything else here, and nearly every body arrives together with its head.
    in_time = nullcontext() if arrived and arrived() else asyncio.timeout(deadline_seconds)
    try:
        async with in_time:
            return await _received(request, limit_bytes)
    except TimeoutError as error:
        message = f"The request's body did not arrive within {deadline_seconds:g} seconds."
        raise RequestRefused(408, Reason.REQUEST_TOO_SLOW, message) from error


async def _received(request: Request, limit_bytes: int) -> bytes:
    body = bytearray()
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
        if not message.get("more_body", False):
            return bytes(body)


def parse_json(body: bytes, *, not_numbers: bool = False) -> Any:
    """The JSON text's value, with NaN and Infinity only if `not_numbers` is set.

    Raises ValueError for anything that is not JSON in UTF-8, has duplicate keys or is nested too deeply.
    """
    decoder = _LENIENT if not_numbers else _STRICT
    try:
        return decoder.decode(body.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key occurs twice")
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
_LENIENT = json.JSONDecoder(object_pairs_hook=_without_duplicates)


def _too_large(limit_bytes: int) -> RequestRefused:
    message = f"Request is too large; its body may have {limit_bytes} bytes."
    return RequestRefused(413, Reason.REQUEST_TOO_LARGE, message)
