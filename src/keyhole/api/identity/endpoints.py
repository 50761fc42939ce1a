"""The table of the identity API: every supported call."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from starlette.responses import Response

from keyhole.api.identity import application_credentials, tokens_v2, tokens_v3
from keyhole.api.identity.call import IdentityCall
from keyhole.api.identity.documents import one_version, v2_document, versions
from keyhole.api.identity.requests import CredentialRequest, V2Request, V3Request
from keyhole.api.path_table import PathTable


async def show_versions(call: IdentityCall) -> Response:
    """The versions to choose from, with 300."""
    return call.respond(300, versions(call.url), [("Location", f"{call.url}/v3/")])


async def show_v3(call: IdentityCall) -> Response:
    """The version v3."""
    return call.respond(200, one_version(call.url))


async def show_v2(call: IdentityCall) -> Response:
    """The version v2.0."""
    return call.respond(200, {"version": v2_document(call.url)})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call. The parts of its path in braces are parameters.

    `answer` is the only key that a successful answer must have; `body` the only key of the request's body; `status` is
    that of success. Calls with `subject` are about the token in X-Subject-Token; `open` calls need no token from the
    caller.
    """

    method: str
    path: str
    summary: str
    handler: Callable[[IdentityCall], Awaitable[Response]]
    answer: str = ""
    body: type[BaseModel] | None = None
    status: int = 200
    open: bool = False
    subject: bool = False


_CREDENTIALS = "/v3/users/{user_id}/application_credentials"
_CREDENTIAL = f"{_CREDENTIALS}/{{credential_id}}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "",
        "The available versions (status 300).",
        show_versions,
        answer="versions",
        status=300,
        open=True,
    ),
    Endpoint(
        "GET",
        "/v3",
        "Version v3.",
        show_v3,
        answer="version",
        open=True,
    ),
    Endpoint(
        "POST",
        "/v3/auth/tokens",
        "A new token for a password, an application credential or another token.",
        tokens_v3.issue,
        answer="token",
        body=V3Request,
        status=201,
        open=True,
    ),
    Endpoint(
        "GET",
        "/v3/auth/tokens",
        "The contents of the token in X-Subject-Token.",
        tokens_v3.show,
        answer="token",
        subject=True,
    ),
    Endpoint(
        "HEAD",
        "/v3/auth/tokens",
        "Whether the token in X-Subject-Token is valid.",
        tokens_v3.check,
        subject=True,
    ),
    Endpoint(
        "DELETE",
        "/v3/auth/tokens",
        "Makes the token in X-Subject-Token invalid.",
        tokens_v3.revoke,
        status=204,
        subject=True,
    ),
    Endpoint(
        "GET",
        "/v3/auth/projects",
        "The projects that the caller may act in.",
        tokens_v3.list_projects,
        answer="projects",
    ),
    Endpoint(
        "GET",
        "/v3/auth/catalog",
        "The catalog of the caller's token.",
        tokens_v3.show_catalog,
        answer="catalog",
    ),
    Endpoint(
        "POST",
        _CREDENTIALS,
        "A new application credential of the caller.",
        application_credentials.create,
        answer="application_credential",
        body=CredentialRequest,
        status=201,
    ),
    Endpoint(
        "GET",
        _CREDENTIALS,
        "The user's application credentials.",
        application_credentials.list_all,
        answer="application_credentials",
    ),
    Endpoint(
        "GET",
        _CREDENTIAL,
        "One application credential.",
        application_credentials.show,
        answer="application_credential",
    ),
    Endpoint(
        "DELETE",
        _CREDENTIAL,
        "Deletes an application credential and revokes the tokens issued for it.",
        application_credentials.delete,
        status=204,
    ),
    Endpoint(
        "GET",
        "/v2.0",
        "Version v2.0.",
        show_v2,
        answer="version",
        open=True,
    ),
    Endpoint(
        "POST",
        "/v2.0/tokens",
        "A new token for a password, an API key or another token.",
        tokens_v2.issue,
        answer="access",
        body=V2Request,
        open=True,
    ),
    Endpoint(
        "GET",
        "/v2.0/tokens/{token}",
        "The contents of the token in the path.",
        tokens_v2.show,
        answer="access",
    ),
)


_TABLE = PathTable(ENDPOINTS)


def find(method: str, path: str) -> tuple[Endpoint, Mapping[str, str]] | None:
    """The endpoint at a path without its final slash, and the path's parameters."""
    match = _TABLE.find(method, path.split("/"))
    return None if match is None else (match.rows[0], match.parameters)
