"""Keyhole's own API. For now one call: what a console link opens, asked by the viewer page before it connects.

POST /v1/links/inspect {"token": T} -> 200 {"server": {"id", "name"}, "console_type", "protocol", "expires_at",
"lifetime_seconds", "reuse"}; nothing is used up. Who holds a token may ask. Refusals are RFC 9457 problems with the
`reason`, and with `expires_at` and `lifetime_seconds` for a link that has expired.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from keyhole.api.errors import RequestRefused, headers_of, status_of
from keyhole.api.http import NO_STORE, Exchange, json_response, parse_json, read_body
from keyhole.api.services import ApiServices
from keyhole.errors import OriginRefused, Refusal, TokenRefused
from keyhole.model import CONSOLE_TYPES
from keyhole.observe.observer import Surface
from keyhole.reasons import WORDS, Reason

PREFIX = "/v1"
INSPECT_PATH = f"{PREFIX}/links/inspect"
BODY_LIMIT_BYTES = 4096


class InspectRequest(BaseModel):
    """The body of /v1/links/inspect."""

    token: Annotated[str, Field(max_length=BODY_LIMIT_BYTES)]


class OwnExchange(Exchange):
    """One request to Keyhole's own API."""

    surface = Surface.PAGES

    def __init__(self, request: Request, services: ApiServices) -> None:
        super().__init__(request)
        self._services = services

    async def answer(self) -> Response:
        if self.request.scope["path"] != INSPECT_PATH or self.request.method != "POST":
            message = f"There is nothing at this address; POST {INSPECT_PATH} is all there is."
            raise RequestRefused(404, Reason.NOT_FOUND, message)
        self._refuse_foreign_origin()
        asked = _parse(await read_body(self.request, BODY_LIMIT_BYTES))
        grant = await self._services.consoles.inspect(asked.token)
        content = {
            "server": {"id": grant.server_id, "name": grant.server_name},
            "console_type": grant.console_type.value,
            "protocol": CONSOLE_TYPES[grant.console_type].protocol.value,
            "expires_at": _iso(grant.expires_at),
            "lifetime_seconds": grant.lifetime_seconds,
            "reuse": "until_expiry" if self._services.consoles.reusable else "once",
        }
        return json_response(200, content, [NO_STORE, ("x-request-id", self.request_id)])

    def refuse(self, refusal: Refusal) -> Response:
        status = status_of(refusal)
        words = WORDS[refusal.reason]
        own_words = isinstance(refusal, RequestRefused)
        problem: dict[str, object] = {
            "type": "about:blank",
            "title": words.title,
            "status": status,
            "detail": str(refusal) if own_words else f"{words.says} {words.next}".strip(),
            "reason": refusal.reason.value,
        }
        if isinstance(refusal, TokenRefused) and refusal.expires_at is not None:
            problem |= {"expires_at": _iso(refusal.expires_at), "lifetime_seconds": refusal.lifetime_seconds}
        headers = [*headers_of(refusal), NO_STORE, ("x-request-id", self.request_id)]
        return json_response(status, problem, headers, content_type="application/problem+json")

    def _refuse_foreign_origin(self) -> None:
        """A page of another origin may not ask, whatever token it holds; clients that are no browser send none."""
        if not self._services.allowed_origins.issuperset(self.request.headers.getlist("origin")):
            raise OriginRefused


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse(body: bytes) -> InspectRequest:
    try:
        return InspectRequest.model_validate(parse_json(body))
    except ValueError as error:
        # Pydantic's error is one too; neither may show the value, which is a token.
        message = 'The body is not understood; send {"token": "..."} as JSON.'
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, message) from error
