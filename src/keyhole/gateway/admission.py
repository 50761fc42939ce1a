"""Admission: a link's token, or the ticket of a viewer that reconnects, becomes an opening.

A browser (a request with an allowed Origin) that opens a link receives a ticket in the answer to its upgrade.
"""

from dataclasses import dataclass
from typing import Final

from keyhole.core.links import Links
from keyhole.core.sessions.registry import SessionRegistry
from keyhole.core.sessions.selectors import OfTicket
from keyhole.core.tickets import Tickets
from keyhole.core.token_resolvers import TokenResolvers
from keyhole.gateway.origin import check_origin
from keyhole.ports.openings import CameBy, Opening
from keyhole.protocols.http.head import RequestHead, console_token, query_value
from keyhole.protocols.http.ticket_cookie import console_of, secret_in, ticket_cookie
from keyhole.reasons import Reason

_CAME_BY: Final[dict[str, CameBy]] = {
    "/vnc_lite.html": "novnc",
    "/vnc_auto.html": "novnc",
    "/serial.html": "serial",
    "/spice_auto.html": "spice",
}
"""The kind of console that a page's path implies for the token; most WebSockets use "/", which implies none."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """What admission needs. `allowed_origins` are exact and include public_url's own; `secure`: public_url is https."""

    tokens: TokenResolvers
    consoles: Links
    tickets: Tickets
    registry: SessionRegistry
    allowed_origins: frozenset[str]
    secure: bool


@dataclass(frozen=True, slots=True)
class Admission:
    """An admitted viewer's opening. `set_cookie` makes its browser keep the ticket for reconnecting."""

    opening: Opening
    set_cookie: str | None = None


async def admit(entrance: Entrance, head: RequestHead, *, can_resume: bool) -> Admission:
    """Admits a request. `can_resume` says whether this kind of viewer could keep a ticket.

    Raises OriginRefused, TokenRefused, TicketRefused, and other Refusals that say why no console can be opened now.
    """
    console_id = console_of(head.path) if can_resume else None
    if console_id is not None:
        return await _resume(entrance, head, console_id)
    token = console_token(head)
    is_cookie = token is not None and not query_value(head.query, "token")
    check_origin(head, entrance.allowed_origins, token_is_cookie=is_cookie)
    opening = await entrance.tokens.redeem(token, _CAME_BY.get(head.path, "unknown"))
    if not can_resume or not head.get("origin") or not entrance.tickets.offered:
        return Admission(opening)
    secret, opening = entrance.tickets.issue(opening)
    return Admission(opening, _cookie(entrance, opening.grant.id, secret))


async def _resume(entrance: Entrance, head: RequestHead, console_id: str) -> Admission:
    # Browsers send the cookie with every request to this path: only our own page may use it.
    check_origin(head, entrance.allowed_origins, token_is_cookie=True)
    secret = secret_in(head.headers)
    opening = await entrance.tickets.resume(console_id, secret)
    if opening.resume is not None and not opening.uses_link:
        await entrance.registry.terminate(OfTicket(opening.resume.ticket), Reason.VIEWER_REPLACED)
    return Admission(opening, _cookie(entrance, console_id, secret or ""))


def _cookie(entrance: Entrance, console_id: str, secret: str) -> str:
    seconds = entrance.tickets.cookie_seconds
    return ticket_cookie(console_id, secret, max_age_seconds=seconds, secure=entrance.secure)
