"""Tokens in the identity API v3: /v3/auth/tokens and what a token's holder may request about it."""

from starlette.responses import Response

from keyhole.api.http import API_BODY_LIMIT_BYTES, add_headers, raw_response, read_body
from keyhole.api.identity.call import IdentityCall
from keyhole.api.identity.requests import Auth, V3Request, malformed, parse
from keyhole.api.identity.views import catalog_v3, projects_v3, token_v3
from keyhole.errors import Forbidden, NotAuthenticated
from keyhole.model import CredentialSignIn, IdentityToken, PasswordSignIn, Scope, SignIn, TokenSignIn

_SUBJECT = "X-Subject-Token"


async def issue(call: IdentityCall) -> Response:
    """{"auth": {"identity", "scope"}} returns the token in X-Subject-Token and its contents in the body."""
    auth = parse(V3Request, await read_body(call.request, API_BODY_LIMIT_BYTES)).auth
    sign_in, scope = _sign_in(auth)
    text, token = await call.issuer.issue(sign_in, scope, call.client)
    call.tell_signed_in(token.identity, auth.identity.methods[0])
    return await _answer(call, 201, text, token)


async def show(call: IdentityCall) -> Response:
    """The contents of the token in X-Subject-Token."""
    text, token = await _subject(call, "identity:validate_token")
    return await _answer(call, 200, text, token)


async def check(call: IdentityCall) -> Response:
    """Whether the token in X-Subject-Token is valid: the same answer without a body."""
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
    """The projects that the caller may act in, whatever the token's scope."""
    caller = await call.caller()
    return call.respond(200, projects_v3(await call.issuer.projects_of(caller.identity.user_id), call.url))


async def show_catalog(call: IdentityCall) -> Response:
    """The catalog of the caller's token; a token without a project has none."""
    if (await call.caller()).identity.project_id is None:
        raise Forbidden("A project-scoped token is required to produce a service catalog.")
    return call.respond(200, catalog_v3(call.services.compute_url, call.url))


def _sign_in(auth: Auth) -> tuple[SignIn, Scope | str]:
    """The credentials, and what they are used for. Raises RequestRefused, NotAuthenticated."""
    identity = auth.identity
    match identity.methods:
        case ("password",):
            if identity.password is None:
                raise malformed("Expecting to find password in identity.")
            user = identity.password.user
            return PasswordSignIn(user.reference("user"), user.password), auth.scope
        case ("token",):
            if identity.token is None:
                raise malformed("Expecting to find token in identity.")
            return TokenSignIn(identity.token.id), auth.scope
        case ("application_credential",):
            if identity.application_credential is None:
                raise malformed("Expecting to find application_credential in identity.")
            credential, owner = identity.application_credential.references()
            # It has its own project: the issuer refuses any other scope.
            scope = Scope.OWN_PROJECT if auth.asked_scope is None else Scope.UNSCOPED
            return CredentialSignIn(credential, identity.application_credential.secret, owner), scope
        case methods:
            raise NotAuthenticated(
                f"Attempted to authenticate with an unsupported method: {', '.join(methods)};"
                " use one of password, application_credential and token."
            )


async def _subject(call: IdentityCall, action: str) -> tuple[str, IdentityToken]:
    text = call.request.headers.get(_SUBJECT, "")
    return text, await call.subject(text, action)


async def _answer(call: IdentityCall, status: int, text: str, token: IdentityToken) -> Response:
    credential = None
    if token.application_credential_id is not None:
        credential = await call.credentials.find(token.identity.user_id, token.application_credential_id)
    with_catalog = "nocatalog" not in call.request.query_params
    content = token_v3(token, credential, call.services.compute_url, call.url, with_catalog=with_catalog)
    return call.respond(status, content, [(_SUBJECT, text)])
