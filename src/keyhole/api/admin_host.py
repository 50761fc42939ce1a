"""Keeps web pages away from the admins' listener, which asks for no token.

A page may point its own host name at the listener's address (DNS rebinding), and could then read the answers as its
own. Such requests have the page's host name. Operators may also use host names that Keyhole does not know, so an
unknown name is only refused to browsers: only they send these headers, and no page can leave out all of them.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request

from keyhole.api.errors import RequestRefused
from keyhole.reasons import Reason

BROWSER_HEADERS = frozenset({"accept-language", "origin", "referer", "sec-fetch-mode", "sec-fetch-site"})


def refuse_unknown_host(request: Request, names: frozenset[str]) -> None:
    """Refuses a browser's request whose host is not an address, localhost or one of `names`.

    Raises RequestRefused (403, `origin_refused`).
    """
    if BROWSER_HEADERS.isdisjoint(request.headers) or _is_own(request.headers.get("host", ""), names):
        return
    message = "Browsers reach this listener by its address, `localhost` or the name of this machine only."
    raise RequestRefused(403, Reason.ORIGIN_REFUSED, message)


def _is_own(host: str, names: frozenset[str]) -> bool:
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    return name == "localhost" or name in names or _is_address(name)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
