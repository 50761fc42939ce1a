"""Who makes a request: determined by its X-Auth-Token, or by the cookie of a person who signed in on our own page.

Browsers send cookies automatically, even with requests that other sites cause. So the cookie only counts if the request
has `X-Keyhole-Page: 1`, which forms and links cannot send, nor pages of another origin without our permission (which we
never give). If the browser sends an origin that is neither ours nor allowed, the cookie is refused even so. Only this
module implements the rule.

Over https the cookie's name begins with `__Host-`: browsers accept such a cookie from this host only, so that no page
of a neighbouring domain can sign a person in as somebody else.
"""

from starlette.requests import Request

from keyhole.api.services import ApiServices
from keyhole.errors import NotAuthenticated, OriginRefused
from keyhole.model import IdentityToken
from keyhole.protocols.http.cookies import cookie_values, set_cookie

COOKIE = "keyhole_sign_in"
SECURE_COOKIE = f"__Host-{COOKIE}"
PAGE_HEADER = "X-Keyhole-Page"


async def caller_of(request: Request, services: ApiServices) -> tuple[str, IdentityToken]:
    """The caller's token and its contents. Raises NotAuthenticated, OriginRefused; Unavailable."""
    token = identity_token(request, services)
    if not token:
        raise NotAuthenticated
    return token, await services.identity.validate(token)


def identity_token(request: Request, services: ApiServices) -> str | None:
    """The identity token that a request carries. Raises OriginRefused for a cookie in a request from another site."""
    token = request.headers.get("x-auth-token")
    if token:
        return token
    found = cookie_values(request.headers.items(), _name_of_cookie(secure=services.secure))
    if not found or not found[0] or request.headers.get(PAGE_HEADER) != "1":
        return None
    origins = request.headers.getlist("origin")
    if origins and not services.allowed_origins.issuperset(origins):
        raise OriginRefused
    if not origins and request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise OriginRefused
    return found[0]


def refuse_foreign_page(request: Request, allowed_origins: frozenset[str]) -> None:
    """Refuses requests from a page of another origin, whatever they contain; clients other than browsers send none."""
    if not allowed_origins.issuperset(request.headers.getlist("origin")):
        raise OriginRefused


def sign_in_cookie(token: str, *, max_age_seconds: int, secure: bool) -> str:
    """The Set-Cookie header for a person who signed in; with 0 seconds, for one who signed out."""
    return set_cookie(_name_of_cookie(secure=secure), token, "/", max_age_seconds=max_age_seconds, secure=secure)


def _name_of_cookie(*, secure: bool) -> str:
    return SECURE_COOKIE if secure else COOKIE
