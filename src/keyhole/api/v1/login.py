"""Signing in on our own page: the identity token goes into a cookie that no script can read."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.responses import Response

from keyhole.api.auth import identity_token, sign_in_cookie
from keyhole.api.v1.answers import Named, Person
from keyhole.api.v1.call import V1Call, iso
from keyhole.errors import NotAuthenticated
from keyhole.model import IdentityToken
from keyhole.ports.identity import PersonSignIn

_Name = Annotated[str, Field(min_length=1, max_length=255)]


class SignInRequest(BaseModel):
    """{"username", "password", "project"?, "domain"?}."""

    model_config = ConfigDict(extra="forbid")

    username: _Name
    password: Annotated[SecretStr, Field(max_length=4096)]
    project: _Name | None = None
    domain: _Name | None = None


async def sign_in(call: V1Call) -> Response:
    """Signs a person in for one project, with the service that issues identity tokens."""
    requested: SignInRequest = call.body
    person = PersonSignIn(requested.username, requested.password, requested.project, requested.domain)
    token, contents = await call.services.login.sign_in(person, call.client)
    identity = contents.identity
    call.services.telemetry.signed_in(identity.user_name, identity.project_name, "page", call.client)
    seconds = max(1, int(contents.expires_at - call.services.clock()))
    cookie = sign_in_cookie(token, max_age_seconds=seconds, secure=call.services.secure)
    return call.respond(_view(contents), [("Set-Cookie", cookie)])


async def sign_out(call: V1Call) -> Response:
    """Makes the caller's token invalid and removes the cookie; also succeeds if the caller is not signed in."""
    token = identity_token(call.request, call.services)
    if token:
        await call.services.login.sign_out(token)
    return call.nothing([("Set-Cookie", sign_in_cookie("", max_age_seconds=0, secure=call.services.secure))])


async def show_me(call: V1Call) -> Response:
    """The caller's identity."""
    if call.signed_in is None:
        raise NotAuthenticated
    return call.respond(_view(call.signed_in))


def _view(token: IdentityToken) -> Person:
    identity = token.identity
    project = None
    if identity.project_id:
        project = Named(id=identity.project_id, name=identity.project_name or identity.project_id)
    return Person(
        user=Named(id=identity.user_id, name=identity.user_name),
        project=project,
        roles=sorted(identity.roles),
        expires_at=iso(token.expires_at),
    )
