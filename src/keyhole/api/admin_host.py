"""Keeps web pages away from the admins' listener, which asks for no token.

A page may give its host name another address, that of the listener (DNS rebinding), and then reads what it answers as
its own. Such requests name the page's host. Operators, too, reach the listener by names that nobody told Keyhole of, so
a name that is not known is refused to browsers only: they alone send these headers, and no page can leave out all.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request

from keyhole.api.errors import RequestRefused
from keyhole.reasons import Reason

BROWSER_HEADERS = frozenset({"accept-language", "origin", "referer", "sec-fetch-mode", "sec-fetch-site"})


def refuse_unknown_host(request: Request, names: frozenset[str]) -> None:
    """Refuses a browser's request that names another host than an address, localhost or one of `names`.

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
