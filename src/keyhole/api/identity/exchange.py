"""One request to the identity API: where it goes, and how it is refused in Keystone's shape."""

from starlette.requests import Request
from starlette.responses import Response

from keyhole.api.errors import RequestRefused, headers_of, status_of, title_of
from keyhole.api.http import Exchange, json_response
from keyhole.api.identity.call import VARY, IdentityCall
from keyhole.api.identity.endpoints import find
from keyhole.api.services import ApiServices
from keyhole.errors import Refusal
from keyhole.observe.observer import Surface
from keyhole.reasons import Reason

PREFIX = "/identity"


class IdentityExchange(Exchange):
    """Answers where tokens are issued here; elsewhere everything is a 404 that says so."""

    surface = Surface.IDENTITY

    def __init__(self, request: Request, services: ApiServices) -> None:
        super().__init__(request)
        self._services = services

    async def answer(self) -> Response:
        issuer = self._services.issuer
        if issuer is None:
            message = "Tokens are not issued here; ask the identity service that this Keyhole trusts."
            raise RequestRefused(404, Reason.NOT_FOUND, message)
        path = self.request.scope["path"].removeprefix(PREFIX).rstrip("/")
        found = find(self.request.method, path)
        if found is None:
            message = f"The resource could not be found; the API's entry is {self._services.identity_url}/v3/."
            raise RequestRefused(404, Reason.NOT_FOUND, message)
        endpoint, last = found
        call = IdentityCall(self.request, self._services, issuer, last, self.client, self.request_id)
        return await endpoint.handler(call)

    def refuse(self, refusal: Refusal) -> Response:
        status = status_of(refusal)
        headers = [*headers_of(refusal), VARY, ("x-openstack-request-id", self.request_id)]
        if refusal.reason is Reason.NOT_AUTHENTICATED:
            headers.append(("WWW-Authenticate", f'Keystone uri="{self._services.identity_url}"'))
        error = {"code": status, "title": title_of(status), "message": str(refusal)}
        return json_response(status, {"error": error}, headers)
