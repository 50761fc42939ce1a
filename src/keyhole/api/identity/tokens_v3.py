"""Tokens by the identity API v3: /v3/auth/tokens and what a token's holder may ask about it."""

from pydantic import SecretStr
from starlette.responses import Response

from keyhole.api.http import API_BODY_LIMIT_BYTES, add_headers, raw_response, read_body
from keyhole.api.identity.call import IdentityCall
from keyhole.api.identity.requests import Auth, V3Request, malformed, parse
from keyhole.api.identity.views import catalog_v3, projects_v3, token_v3
from keyhole.errors import NotAuthenticated
from keyhole.model import IdentityToken

_SUBJECT = "X-Subject-Token"


async def issue(call: IdentityCall) -> Response:
    """{"auth": {"identity", "scope"}} gives the token in X-Subject-Token and its contents in the body."""
    auth = parse(V3Request, await read_body(call.request, API_BODY_LIMIT_BYTES)).auth
    match auth.identity.methods:
        case ("password",):
            text, token = await _for_password(call, auth)
        case ("token",):
            text, token = await _for_token(call, auth)
        case methods:
            raise NotAuthenticated(
                f"Attempted to authenticate with an unsupported method: {', '.join(methods)};"
                " use either password or token."
            )
    call.tell_signed_in(token.identity, auth.identity.methods[0])
    return _answer(call, 201, text, token)


async def show(call: IdentityCall) -> Response:
    """The contents of the token in X-Subject-Token."""
    text, token = await _subject(call, "identity:validate_token")
    return _answer(call, 200, text, token)


async def check(call: IdentityCall) -> Response:
    """Whether the token in X-Subject-Token is good: the same answer without a body."""
    text, _ = await _subject(call, "identity:check_token")
    return raw_response(200, b"", "application/json", [(_SUBJECT, text), *call.headers()])


async def revoke(call: IdentityCall) -> Response:
    """Makes the token in X-Subject-Token invalid at once."""
    text, _ = await _subject(call, "identity:revoke_token")
    await call.issuer.revoke(text)
    response = Response(status_code=204)
    add_headers(response, call.headers())
    return response


async def list_projects(call: IdentityCall) -> Response:
    """The project that the caller's token is for."""
    return call.respond(200, projects_v3((await call.caller()).identity, call.url))


async def show_catalog(call: IdentityCall) -> Response:
    """The catalog that the caller's token has."""
    await call.caller()
    return call.respond(200, catalog_v3(call.services.compute_url, call.url))


async def _for_password(call: IdentityCall, auth: Auth) -> tuple[str, IdentityToken]:
    if auth.identity.password is None:
        raise malformed("Expecting to find password in identity.")
    user = auth.identity.password.user
    return await call.issuer.issue_for_password(user.reference("user"), user.password, auth.project)


async def _for_token(call: IdentityCall, auth: Auth) -> tuple[str, IdentityToken]:
    if auth.identity.token is None:
        raise malformed("Expecting to find token in identity.")
    return await call.issuer.issue_for_token(_reveal(auth.identity.token.id), auth.project)


def _reveal(secret: SecretStr) -> str:
    return secret.get_secret_value()


async def _subject(call: IdentityCall, action: str) -> tuple[str, IdentityToken]:
    text = call.request.headers.get(_SUBJECT, "")
    return text, await call.subject(text, action)


def _answer(call: IdentityCall, status: int, text: str, token: IdentityToken) -> Response:
    with_catalog = "nocatalog" not in call.request.query_params
    content = token_v3(token, call.services.compute_url, call.url, with_catalog=with_catalog)
    return call.respond(status, content, [(_SUBJECT, text)])
