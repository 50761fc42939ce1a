"""Console links in Keyhole's own API: what a link opens, requested by the page before it connects, and revoking one."""

from typing import Annotated

from pydantic import BaseModel, Field
from starlette.responses import Response

from keyhole.api.v1.answers import LinkView
from keyhole.api.v1.call import V1Call, iso, not_found, server_of
from keyhole.core.sessions.selectors import OfConsole
from keyhole.reasons import Reason

TOKEN_CHARACTERS = 4096


class InspectRequest(BaseModel):
    """{"token": T}."""

    token: Annotated[str, Field(max_length=TOKEN_CHARACTERS)]


async def inspect(call: V1Call) -> Response:
    """The console that a link opens, for any holder of its token. The link is not redeemed.

    `resumable` says whether a browser that opens the link may reconnect to `console` without it.
    """
    consoles = call.services.consoles
    grant = await consoles.inspect(call.body.token)
    return call.respond(
        LinkView(
            server=server_of(grant),
            console_type=grant.console_type.value,
            protocol=grant.console_type.protocol,
            rights=grant.rights,
            expires_at=iso(grant.expires_at),
            lifetime_seconds=grant.lifetime_seconds,
            reuse="until_expiry" if consoles.reusable else "once",
            console=grant.id,
            resumable=call.services.tickets.offered,
        )
    )


async def revoke(call: V1Call) -> Response:
    """Revokes a link and everything that it granted: its sessions end within a second and cannot be resumed.

    This worker's sessions end first, so that they end even while the store cannot be written.
    """
    console_id = call.parameters["console_id"]
    grant = await call.services.revocations.grant_of_console(console_id)
    if grant is None or (grant.project_id != call.identity.project_id and not call.identity.is_admin):
        raise not_found("console")
    await call.services.registry.terminate(OfConsole(console_id), Reason.REVOKED, f"by {call.identity.user_name}")
    return call.nothing()
