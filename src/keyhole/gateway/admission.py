"""Who is let in: a link's token, or the ticket of a viewer that comes back, becomes a grant and a target.

A browser (a request with an allowed Origin) that opens a link is given a ticket with the answer to its upgrade.
"""

from dataclasses import dataclass

from keyhole.core.links import Links
from keyhole.core.sessions.live import ResumeState
from keyhole.core.sessions.registry import SessionRegistry
from keyhole.core.tickets import Tickets
from keyhole.gateway.origin import check_origin
from keyhole.model import Grant, RequesterToken, Target
from keyhole.protocols.http.head import RequestHead, console_token, query_value
from keyhole.protocols.http.ticket_cookie import console_of, secret_in, ticket_cookie
from keyhole.reasons import Reason


@dataclass(frozen=True, slots=True)
class Entrance:
    """What admission needs. `allowed_origins` are exact and include public_url's own; `secure` that it is https."""

    consoles: Links
    tickets: Tickets
    registry: SessionRegistry
    allowed_origins: frozenset[str]
    secure: bool


@dataclass(frozen=True, slots=True)
class Admission:
    """What a viewer is let in for, on a target of that driver's. `resume` is its ticket, which `set_cookie` has its
    browser keep; `requester` is the identity token that the console was requested with, where it is known.

    Where `link_used`, the console's link is given back if the console does not open.
    """

    grant: Grant
    target: Target
    driver: str
    requester: RequesterToken | None
    resume: ResumeState | None = None
    set_cookie: str | None = None

    @property
    def link_used(self) -> bool:
        return self.resume is None or self.resume.ticket.opened_at is None


async def admit(entrance: Entrance, head: RequestHead, *, can_come_back: bool) -> Admission:
    """Lets a request in. `can_come_back` says that the viewer is one that could keep a ticket.

    Raises OriginRefused, TokenRefused, TicketRefused, and other Refusals that say why there is no console now.
    """
    console_id = console_of(head.path) if can_come_back else None
    if console_id is not None:
        return await _let_back_in(entrance, head, console_id)
    token = console_token(head)
    is_cookie = token is not None and not query_value(head.query, "token")
    check_origin(head, entrance.allowed_origins, token_is_cookie=is_cookie)
    redemption = await entrance.consoles.redeem(token)
    if not can_come_back or not head.get("origin") or not entrance.tickets.offered:
        return Admission(redemption.grant, redemption.target, redemption.driver, redemption.requester)
    secret, resume = entrance.tickets.issue(redemption.grant, redemption.requester)
    cookie = _cookie(entrance, redemption.grant.id, secret)
    return Admission(redemption.grant, redemption.target, redemption.driver, redemption.requester, resume, cookie)


async def _let_back_in(entrance: Entrance, head: RequestHead, console_id: str) -> Admission:
    # The cookie comes by itself with whatever a browser sends here: no page but our own may make use of it.
    check_origin(head, entrance.allowed_origins, token_is_cookie=True)
    secret = secret_in(head.headers)
    resumption = await entrance.tickets.resume(console_id, secret)
    ticket = resumption.resume.ticket
    if ticket.opened_at is not None:
        await entrance.registry.end_of_ticket(ticket.secret_hash, Reason.VIEWER_REPLACED)
    cookie = _cookie(entrance, console_id, secret or "")
    return Admission(
        resumption.grant, resumption.target, resumption.driver, resumption.requester, resumption.resume, cookie
    )


def _cookie(entrance: Entrance, console_id: str, secret: str) -> str:
    seconds = entrance.tickets.cookie_seconds
    return ticket_cookie(console_id, secret, max_age_seconds=seconds, secure=entrance.secure)
