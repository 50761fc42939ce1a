"""What a handler of the identity API is called with, and the answers that several of them give."""

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
"""Who may look at and revoke the tokens of others."""


@dataclass(frozen=True, slots=True)
class IdentityCall:
    """One request to the identity API. `parameters` are the path's, decoded; `client` is the address that asks."""

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
        """A JSON answer with the headers that all of them have."""
        return json_response(status, content, [*headers, *self.headers()])

    def headers(self) -> list[tuple[str, str]]:
        return [VARY, NO_STORE, ("x-openstack-request-id", self.request_id)]

    async def caller(self) -> IdentityToken:
        """Whose X-Auth-Token it is. Raises NotAuthenticated."""
        token = self.request.headers.get("x-auth-token")
        if not token:
            raise NotAuthenticated
        return await self.issuer.validate(token)

    async def subject(self, text: str, action: str) -> IdentityToken:
        """A token that the caller asks about: its own, or any for an admin or a service.

        Raises NotAuthenticated when the caller has no good token, RequestRefused (404) when the subject is none,
        Forbidden when it is somebody else's.
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
