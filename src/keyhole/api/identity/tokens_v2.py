"""Tokens by the identity API v2.0, for clients of Rackspace and of old OpenStack."""

from starlette.responses import Response

from keyhole.api.http import API_BODY_LIMIT_BYTES, read_body
from keyhole.api.identity.call import IdentityCall
from keyhole.api.identity.requests import OldAuth, V2Request, malformed, parse
from keyhole.api.identity.views import token_v2
from keyhole.model import IdentityToken


async def issue(call: IdentityCall) -> Response:
    """{"auth": {"passwordCredentials" or "RAX-KSKEY:apiKeyCredentials" or "token", "tenantName" or "tenantId"}}."""
    auth = parse(V2Request, await read_body(call.request, API_BODY_LIMIT_BYTES)).auth
    method, text, token = await _issue(call, auth)
    call.tell_signed_in(token.identity, method)
    return _answer(call, text, token)


async def show(call: IdentityCall) -> Response:
    """What the token in the path is good for."""
    return _answer(call, call.last, await call.subject(call.last, "identity:validate_token"))


async def _issue(call: IdentityCall, auth: OldAuth) -> tuple[str, str, IdentityToken]:
    project = auth.project
    if auth.password is not None:
        user = auth.password.username or auth.password.user_id
        if user is None:
            raise malformed("Expecting to find username or userId in passwordCredentials.")
        return "password", *await call.issuer.issue_for_password(user, auth.password.password, project)
    if auth.api_key is not None:
        return "api_key", *await call.issuer.issue_for_api_key(auth.api_key.username, auth.api_key.api_key, project)
    if auth.token is not None:
        return "token", *await call.issuer.issue_for_token(auth.token.id.get_secret_value(), project)
    raise malformed("Expecting to find passwordCredentials, RAX-KSKEY:apiKeyCredentials or token in auth.")


def _answer(call: IdentityCall, text: str, token: IdentityToken) -> Response:
    return call.respond(200, token_v2(text, token, call.services.compute_url, call.url))
