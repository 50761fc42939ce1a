"""The argument of the handlers of Keyhole's own API, and the formats that their answers share."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from keyhole.api.errors import RequestRefused
from keyhole.api.http import NO_STORE, Headers, add_headers, json_response, raw_response
from keyhole.api.services import ApiServices
from keyhole.api.v1.answers import Answer, Named
from keyhole.errors import NotAuthenticated
from keyhole.model import Grant, Identity, IdentityToken
from keyhole.reasons import Reason


@dataclass(frozen=True, slots=True)
class V1Call:
    """One request that passed every check of its operation.

    `parameters` are the path's; `body` is an instance of the operation's model; `signed_in` is None if the call needs
    no sign-in; `client` is the client's address; `document` is the OpenAPI document of every call, as the bytes that
    are sent.
    """

    request: Request
    services: ApiServices
    parameters: Mapping[str, str]
    body: Any
    signed_in: IdentityToken | None
    client: str
    request_id: str
    document: bytes

    @property
    def identity(self) -> Identity:
        """The caller. Raises NotAuthenticated."""
        if self.signed_in is None:
            raise NotAuthenticated
        return self.signed_in.identity

    def respond(self, answer: Answer, headers: Headers = ()) -> Response:
        """200, with the headers that all answers have."""
        # Not pydantic's own JSON, which fails at a name with lone surrogates; a guest may have chosen it.
        return json_response(200, answer.model_dump(mode="json", exclude_unset=True), [*headers, *self._headers()])

    def stream(self, pieces: AsyncIterator[bytes], media_type: str) -> Response:
        """An answer that is streamed."""
        response = StreamingResponse(pieces, media_type=media_type)
        add_headers(response, self._headers())
        return response

    def nothing(self, headers: Headers = ()) -> Response:
        """204."""
        response = Response(status_code=204)
        add_headers(response, [*headers, *self._headers()])
        return response

    def _headers(self) -> list[tuple[str, str]]:
        return [NO_STORE, ("x-request-id", self.request_id)]


async def show_document(call: V1Call) -> Response:
    """The description of every call, for everybody, including pages of any origin."""
    headers = [("x-request-id", call.request_id), ("Access-Control-Allow-Origin", "*")]
    return raw_response(200, call.document, "application/json", headers)


def iso(at: float) -> str:
    """A time in the API's format."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def server_of(grant: Grant) -> Named:
    """The server that a grant is for, as every answer names it."""
    return Named(id=grant.server_id, name=grant.server_name)


def not_found(what: str) -> RequestRefused:
    """404: also for what belongs to another project."""
    return RequestRefused(404, Reason.NOT_FOUND, f"There is no such {what} in your project.")
