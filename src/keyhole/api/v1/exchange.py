"""One request to Keyhole's own API: through the checks of its row in `own_operations.py`, and its refusals.

Refusals are RFC 9457 problems with the `reason`; one of an expired link has `expires_at` and `lifetime_seconds` too.
"""

from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from keyhole.api.auth import caller_of, refuse_foreign_page
from keyhole.api.errors import RequestRefused, headers_of, status_of
from keyhole.api.http import NO_STORE, Exchange, json_response, parse_json, read_body
from keyhole.api.services import ApiServices
from keyhole.api.v1.call import V1Call, iso
from keyhole.api.v1.operations import V1Operation, find, methods_at
from keyhole.errors import Forbidden, Refusal, TicketRefused, TokenRefused
from keyhole.model import IdentityToken
from keyhole.reasons import WORDS, Reason
from keyhole.telemetry.telemetry import Surface

PREFIX = "/v1"
BODY_LIMIT_BYTES = 8192


class V1Exchange(Exchange):
    """Pages of other origins may make very few calls here; clients other than browsers send no origin."""

    surface = Surface.PAGES

    def __init__(self, request: Request, services: ApiServices, document: bytes) -> None:
        super().__init__(request, services.proxies)
        self._services = services
        self._document = document

    async def answer(self) -> Response:
        path = self.request.scope["path"]
        found = find(self.request.method, path)
        if found is None:
            raise _no_such_call(path)
        operation, parameters = found
        if not operation.any_origin:
            refuse_foreign_page(self.request, self._services.allowed_origins)
        signed_in = await self._identify(operation)
        call = V1Call(
            request=self.request,
            services=self._services,
            parameters=parameters,
            body=None if operation.body is None else await self._read(operation.body),
            signed_in=signed_in,
            client=self.client,
            request_id=self.request_id,
            document=self._document,
        )
        return await operation.handler(call)

    def refuse(self, refusal: Refusal) -> Response:
        status = status_of(refusal)
        problem: dict[str, object] = {
            "type": "about:blank",
            "title": WORDS[refusal.reason].title,
            "status": status,
            "detail": _detail_of(refusal),
            "reason": refusal.reason.value,
        }
        if isinstance(refusal, TokenRefused) and refusal.expires_at is not None:
            problem |= {"expires_at": iso(refusal.expires_at), "lifetime_seconds": refusal.lifetime_seconds}
        headers = [*headers_of(refusal), NO_STORE, ("x-request-id", self.request_id)]
        if refusal.reason is Reason.NOT_AUTHENTICATED:
            headers.append(("WWW-Authenticate", f'Keystone uri="{self._services.identity_url}"'))
        return json_response(status, problem, headers, content_type="application/problem+json")

    async def _identify(self, operation: V1Operation) -> IdentityToken | None:
        if not operation.needs_identity:
            return None
        _, signed_in = await caller_of(self.request, self._services)
        if not operation.allows(signed_in.identity):
            raise Forbidden(f"This requires the role {operation.role}.")
        return signed_in

    async def _read(self, model: type[BaseModel]) -> Any:
        body = await read_body(self.request, BODY_LIMIT_BYTES)
        try:
            return model.model_validate(parse_json(body))
        except ValueError as error:
            # Pydantic's error is one too; neither may show the value, which may be a secret.
            message = f"The body is malformed; send {_shape(model)} as JSON."
            raise RequestRefused(400, Reason.REQUEST_MALFORMED, message) from error


def _detail_of(refusal: Refusal) -> str:
    """The vocabulary's text, unless the refusal has a message for the caller."""
    words = WORDS[refusal.reason]
    match refusal:
        case TicketRefused(detail="") | TokenRefused():
            return f"{words.says} {words.next}".strip()
        case TicketRefused(detail=detail):
            return detail
        case _:
            return str(refusal)


def _no_such_call(path: str) -> RequestRefused:
    methods = methods_at(path)
    if methods:
        message = f"This address answers {', '.join(methods)} only."
        return RequestRefused(405, Reason.REQUEST_MALFORMED, message, (("Allow", ", ".join(methods)),))
    message = f"There is nothing at this address; see docs/reference/api.md for what is below {PREFIX}."
    return RequestRefused(404, Reason.NOT_FOUND, message)


def _shape(model: type[BaseModel]) -> str:
    names = (f'"{name}"{"" if field.is_required() else "?"}: "..."' for name, field in model.model_fields.items())
    return "{" + ", ".join(names) + "}"
