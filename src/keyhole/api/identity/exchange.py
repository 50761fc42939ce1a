"""One request to the identity API: its handler, and refusals in Keystone's format."""

from starlette.requests import Request
from starlette.responses import Response

from keyhole.api.errors import RequestRefused, headers_of, status_of, title_of
from keyhole.api.http import NO_STORE, Exchange, json_response
from keyhole.api.identity.call import VARY, IdentityCall
from keyhole.api.identity.documents import one_version, versions
from keyhole.api.identity.endpoints import find
from keyhole.api.services import ApiServices
from keyhole.errors import Refusal
from keyhole.reasons import Reason
from keyhole.telemetry.telemetry import Surface

PREFIX = "/identity"


class IdentityExchange(Exchange):
    """Answers all calls if tokens are issued here; otherwise only the version documents, which say where tokens are
    issued.
    """

    surface = Surface.IDENTITY

    def __init__(self, request: Request, services: ApiServices) -> None:
        super().__init__(request, services.proxies)
        self._services = services

    async def answer(self) -> Response:
        services = self._services
        path = self.request.scope["path"].removeprefix(PREFIX).rstrip("/")
        if services.issuer is None or services.credentials is None:
            return self._elsewhere(path)
        found = find(self.request.method, path)
        if found is None:
            message = f"The resource could not be found; the API's entry is {services.identity_url}/v3/."
            raise RequestRefused(404, Reason.NOT_FOUND, message)
        endpoint, parameters = found
        call = IdentityCall(
            request=self.request,
            services=services,
            issuer=services.issuer,
            credentials=services.credentials,
            parameters=parameters,
            client=self.client,
            request_id=self.request_id,
        )
        return await endpoint.handler(call)

    def _elsewhere(self, path: str) -> Response:
        """The version documents that point to the identity service that issues tokens: clients follow the links."""
        url = self._services.identity_url
        headers = [VARY, NO_STORE, ("x-openstack-request-id", self.request_id)]
        match self.request.method, path:
            case "GET", "":
                return json_response(300, versions(url), [("Location", f"{url}/v3/"), *headers])
            case "GET", "/v3":
                return json_response(200, one_version(url), headers)
            case _:
                message = f"Tokens are not issued here; ask the identity service at {url}/v3/."
                raise RequestRefused(404, Reason.NOT_FOUND, message)

    def refuse(self, refusal: Refusal) -> Response:
        status = status_of(refusal)
        headers = [*headers_of(refusal), VARY, ("x-openstack-request-id", self.request_id)]
        if refusal.reason is Reason.NOT_AUTHENTICATED:
            headers.append(("WWW-Authenticate", f'Keystone uri="{self._services.identity_url}"'))
        error = {"code": status, "title": title_of(status), "message": str(refusal)}
        return json_response(status, {"error": error}, headers)
