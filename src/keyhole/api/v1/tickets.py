"""A console, for the holder of its ticket: whether it can be resumed, and closing it permanently."""

from starlette.responses import Response

from keyhole.api.v1.answers import TicketView
from keyhole.api.v1.call import V1Call, iso, server_of
from keyhole.core.sessions.selectors import OfTicket
from keyhole.model import Ticket
from keyhole.protocols.http.ticket_cookie import no_ticket_cookie, secret_in
from keyhole.reasons import Reason


async def show(call: V1Call) -> Response:
    """The ticket's console; a problem says why it cannot be resumed."""
    ticket = await _ticket(call)
    grant = ticket.grant
    expires_at = call.services.tickets.deadline_of(ticket)
    return call.respond(
        TicketView(
            console=grant.id,
            server=server_of(grant),
            console_type=grant.console_type.value,
            protocol=grant.console_type.protocol,
            rights=grant.rights,
            user=grant.user_name,
            resumable=True,
            expires_at=None if expires_at is None else iso(expires_at),
        )
    )


async def close(call: V1Call) -> Response:
    """Closes the console permanently: its session and its ticket end."""
    ticket = await _ticket(call)
    await call.services.registry.terminate(OfTicket(ticket, permanently=True), Reason.VIEWER_CLOSED)
    forget = no_ticket_cookie(ticket.grant.id, secure=call.services.secure)
    return call.nothing([("Set-Cookie", forget)])


async def _ticket(call: V1Call) -> Ticket:
    secret = secret_in(call.request.headers.items())
    return await call.services.tickets.find(call.parameters["console_id"], secret)
