"""GET /v1/openapi.json: the description of every call, for anybody who asks."""

from starlette.requests import Request
from starlette.responses import Response

from keyhole.api.errors import RequestRefused, headers_of, status_of
from keyhole.api.http import Exchange, json_response, raw_response
from keyhole.errors import Refusal
from keyhole.observe.observer import Surface
from keyhole.reasons import WORDS, Reason


class OpenApiExchange(Exchange):
    """One request for the document, which is given as the bytes that are sent."""

    surface = Surface.PAGES

    def __init__(self, request: Request, document: bytes) -> None:
        super().__init__(request)
        self._document = document

    async def answer(self) -> Response:
        if self.request.method not in ("GET", "HEAD"):
            message = "Only GET is answered here."
            raise RequestRefused(405, Reason.REQUEST_MALFORMED, message, (("Allow", "GET, HEAD"),))
        headers = [("x-request-id", self.request_id), ("Access-Control-Allow-Origin", "*")]
        return raw_response(200, self._document, "application/json", headers)

    def refuse(self, refusal: Refusal) -> Response:
        status = status_of(refusal)
        problem = {
            "type": "about:blank",
            "title": WORDS[refusal.reason].title,
            "status": status,
            "detail": str(refusal),
            "reason": refusal.reason.value,
        }
        headers = [*headers_of(refusal), ("x-request-id", self.request_id)]
        return json_response(status, problem, headers, content_type="application/problem+json")
