"""Which web pages may open consoles here (RFC 6454; RFC 6455 10.2).

A browser always names the page's origin on a WebSocket. It must be exactly public_url's own or one of
console.allowed_origins: scheme, host and port. The Host header decides nothing.
"""

from keyhole.errors import OriginRefused
from keyhole.protocols.http.head import RequestHead


def check_origin(head: RequestHead, allowed: frozenset[str], *, token_is_cookie: bool) -> None:
    """Raises OriginRefused.

    A request without Origin is not from a browser page. It is allowed if the token is in the query, which is no ambient
    credential, and refused if the token came as a cookie, which a browser sends automatically.
    """
    origins = head.get_all("origin")
    if not origins:
        if token_is_cookie:
            raise OriginRefused
    elif len(origins) > 1 or origins[0] not in allowed:
        raise OriginRefused
