"""The table of the identity API: every call that is answered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from keyhole.api.identity import tokens_v2, tokens_v3
from keyhole.api.identity.call import IdentityCall
from keyhole.api.identity.documents import v2_document, v3_document


async def show_versions(call: IdentityCall) -> Response:
    """The versions to choose from, with 300."""
    versions = {"versions": {"values": [v3_document(call.url)]}}
    return call.respond(300, versions, [("Location", f"{call.url}/v3/")])


async def show_v3(call: IdentityCall) -> Response:
    """The version v3."""
    return call.respond(200, {"version": v3_document(call.url)})


async def show_v2(call: IdentityCall) -> Response:
    """The version v2.0."""
    return call.respond(200, {"version": v2_document(call.url)})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call. A path that ends in `{}` leaves its last part open."""

    method: str
    path: str
    summary: str
    handler: Callable[[IdentityCall], Awaitable[Response]]


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "", "The versions to choose from (status 300).", show_versions),
    Endpoint("GET", "/v3", "Version v3.", show_v3),
    Endpoint("POST", "/v3/auth/tokens", "A new token for a password or for another token.", tokens_v3.issue),
    Endpoint("GET", "/v3/auth/tokens", "What the token in X-Subject-Token is good for.", tokens_v3.show),
    Endpoint("HEAD", "/v3/auth/tokens", "Whether the token in X-Subject-Token is good.", tokens_v3.check),
    Endpoint("DELETE", "/v3/auth/tokens", "Makes the token in X-Subject-Token invalid.", tokens_v3.revoke),
    Endpoint("GET", "/v3/auth/projects", "The project of the caller's token.", tokens_v3.list_projects),
    Endpoint("GET", "/v3/auth/catalog", "The catalog of the caller's token.", tokens_v3.show_catalog),
    Endpoint("GET", "/v2.0", "Version v2.0.", show_v2),
    Endpoint("POST", "/v2.0/tokens", "A new token for a password, an API key or another token.", tokens_v2.issue),
    Endpoint("GET", "/v2.0/tokens/{}", "What the token in the path is good for.", tokens_v2.show),
)


def find(method: str, path: str) -> tuple[Endpoint, str] | None:
    """The endpoint at a path without its final slash, and what stands for `{}` there."""
    endpoint = _BY_PATH.get((method, path))
    if endpoint is not None:
        return endpoint, ""
    base, _, last = path.rpartition("/")
    endpoint = _BY_PATH.get((method, f"{base}/{{}}"))
    return (endpoint, last) if endpoint is not None and last else None


_BY_PATH = {(endpoint.method, endpoint.path): endpoint for endpoint in ENDPOINTS}
