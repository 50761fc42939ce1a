"""The argument of the identity API's handlers, and the answers that several of them share."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from keyhole.api.errors import RequestRefused
from keyhole.api.http import NO_STORE, Headers, json_response
from keyhole.api.services import ApiServices
from keyhole.errors import Forbidden, NotAuthenticated
from keyhole.model import Identity, IdentityToken
from keyhole.ports.identity import ApplicationCredentials, TokenIssuer
from keyhole.reasons import Reason

VARY = ("Vary", "X-Auth-Token")

SERVICE_ROLES = frozenset({"admin", "service"})
"""The roles that may inspect and revoke the tokens of others."""


@dataclass(frozen=True, slots=True)
class IdentityCall:
    """One request to the identity API. `parameters` are the path's, decoded; `client` is the client's address."""

    request: Request
    services: ApiServices
    issuer: TokenIssuer
    credentials: ApplicationCredentials
    parameters: Mapping[str, str]
    client: str
    request_id: str

    @property
    def url(self) -> str:
        return self.services.identity_url

    def respond(self, status: int, content: object, headers: Headers = ()) -> Response:
        """A JSON answer with the headers that all answers have."""
        return json_response(status, content, [*headers, *self.headers()])

    def headers(self) -> list[tuple[str, str]]:
        return [VARY, NO_STORE, ("x-openstack-request-id", self.request_id)]

    async def caller(self) -> IdentityToken:
        """The identity of the X-Auth-Token. Raises NotAuthenticated."""
        token = self.request.headers.get("x-auth-token")
        if not token:
            raise NotAuthenticated
        return await self.issuer.validate(token)

    async def subject(self, text: str, action: str) -> IdentityToken:
        """A token that the caller asks about: its own, or any token for an admin or a service.

        Raises NotAuthenticated if the caller has no valid token, RequestRefused (404) if the subject is not a valid
        token, Forbidden if it is somebody else's.
        """
        caller = await self.caller()
        try:
            token = await self.issuer.validate(text)
        except NotAuthenticated as error:
            message = "Could not find token: the one asked about was never issued here, has expired or was revoked."
            raise RequestRefused(404, Reason.NOT_FOUND, message) from error
        if token.identity.user_id != caller.identity.user_id and not caller.identity.roles & SERVICE_ROLES:
            raise Forbidden(f"You are not authorized to perform the requested action: {action}.")
        return token

    def tell_signed_in(self, identity: Identity, method: str) -> None:
        """Logs that a token was issued."""
        self.services.telemetry.signed_in(identity.user_name, identity.project_name, method, self.client)
