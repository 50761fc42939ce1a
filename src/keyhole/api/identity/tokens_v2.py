"""Tokens in the identity API v2.0, for clients of Rackspace and of old OpenStack."""

from starlette.responses import Response

from keyhole.api.http import API_BODY_LIMIT_BYTES, read_body
from keyhole.api.identity.call import IdentityCall
from keyhole.api.identity.requests import OldAuth, V2Request, malformed, parse
from keyhole.api.identity.views import token_v2
from keyhole.model import ApiKeySignIn, IdentityToken, PasswordSignIn, SignIn, TokenSignIn


async def issue(call: IdentityCall) -> Response:
    """{"auth": {"passwordCredentials" or "RAX-KSKEY:apiKeyCredentials" or "token", "tenantName" or "tenantId"}}."""
    auth = parse(V2Request, await read_body(call.request, API_BODY_LIMIT_BYTES)).auth
    method, sign_in = _sign_in(auth)
    text, token = await call.issuer.issue(sign_in, auth.scope, call.client)
    call.tell_signed_in(token.identity, method)
    return _answer(call, text, token)


async def show(call: IdentityCall) -> Response:
    """The contents of the token in the path."""
    text = call.parameters["token"]
    return _answer(call, text, await call.subject(text, "identity:validate_token"))


def _sign_in(auth: OldAuth) -> tuple[str, SignIn]:
    """The means of signing in: its name in the log, and the credentials. Raises RequestRefused."""
    if auth.password is not None:
        user = auth.password.username or auth.password.user_id
        if user is None:
            raise malformed("Expecting to find username or userId in passwordCredentials.")
        return "password", PasswordSignIn(user, auth.password.password)
    if auth.api_key is not None:
        return "api_key", ApiKeySignIn(auth.api_key.username, auth.api_key.api_key)
    if auth.token is not None:
        return "token", TokenSignIn(auth.token.id)
    raise malformed("Expecting to find passwordCredentials, RAX-KSKEY:apiKeyCredentials or token in auth.")


def _answer(call: IdentityCall, text: str, token: IdentityToken) -> Response:
    return call.respond(200, token_v2(text, token, call.services.compute_url, call.url))
