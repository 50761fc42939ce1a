"""A ticket's cookie: its name, and the paths at which a console can be resumed.

`/c/CONSOLE_ID` is the console's page and, for a WebSocket, the console; `/c/CONSOLE_ID/session` describes it. The
cookie's path is the console's own, so that the browser keeps one for each console and tabs do not interfere.
"""

import re
from collections.abc import Iterable

from keyhole.protocols.http.cookies import cookie_values, set_cookie

NAME = "keyhole_ticket"

_CONSOLE_PATH = re.compile(r"/c/([0-9a-f]{32})")


def console_of(path: str) -> str | None:
    """The console's id if the path is a console's own, else None."""
    match = _CONSOLE_PATH.fullmatch(path)
    return match[1] if match else None


def secret_in(headers: Iterable[tuple[str, str]]) -> str | None:
    """The ticket's secret in a request to the console's path or below, None if there is none."""
    return next(iter(cookie_values(headers, NAME)), None)


def ticket_cookie(console_id: str, secret: str, *, max_age_seconds: int, secure: bool) -> str:
    """The Set-Cookie for a ticket."""
    return set_cookie(NAME, secret, f"/c/{console_id}", max_age_seconds=max_age_seconds, secure=secure)


def no_ticket_cookie(console_id: str, *, secure: bool) -> str:
    """The Set-Cookie that deletes a ticket."""
    return ticket_cookie(console_id, "", max_age_seconds=0, secure=secure)
