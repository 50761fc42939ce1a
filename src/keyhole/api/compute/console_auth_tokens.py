"""os-console-auth-tokens: an admin (a console proxy) looks up what a console token opens, without redeeming it."""

from typing import Any

from keyhole.api.compute.call import Call
from keyhole.api.compute.consoles import GENERIC_BAD_REQUEST
from keyhole.api.compute.versions import Microversion
from keyhole.api.errors import RequestRefused
from keyhole.errors import ServerNotFound, TokenRefused
from keyhole.model import ConsoleType, TcpAddress, UnixAddress
from keyhole.net.addresses import parse_endpoint
from keyhole.reasons import Reason

WITH_TLS_PORT = Microversion(2, 99)


async def show_token(call: Call) -> dict[str, Any]:
    """{"console": {"instance_uuid", "host", "port", "internal_access_path"}}; spice-direct has "tls_port" from 2.99 on.

    `internal_access_path` is the path to request from the host by CONNECT, null if there is none. A target on a unix
    socket has the socket's path as host and 0 as port. A token that was redeemed is not found.
    """
    try:
        grant = await call.services.consoles.inspect(call.parameters["token"])
        await call.services.servers.find(grant.server_id)
    except TokenRefused as refusal:
        raise _not_found(refusal.reason) from refusal
    except ServerNotFound as error:
        raise _not_found(Reason.TOKEN_UNKNOWN) from error
    host, port, connect_path = _parts_of(grant.address)
    console: dict[str, Any] = {
        "instance_uuid": grant.server_id,
        "host": host,
        "port": port,
        "internal_access_path": connect_path or None,
    }
    if call.version >= WITH_TLS_PORT and grant.console_type is ConsoleType.SPICE_DIRECT:
        console["tls_port"] = None
    return {"console": console}


async def refuse_before_2_31(call: Call) -> dict[str, Any]:
    """Older microversions only covered RDP consoles, of which there are none."""
    message = f"{GENERIC_BAD_REQUEST} Ask with microversion 2.31 or later."
    raise RequestRefused(400, Reason.REQUEST_MALFORMED, message)


def _not_found(reason: Reason) -> RequestRefused:
    return RequestRefused(404, reason, "Token not found; a token exists until it expires or is redeemed.")


def _parts_of(place: str) -> tuple[str, int, str]:
    """Host, port and path. If the driver opens the console itself, there is no address and the host is the place."""
    try:
        address, connect_path = parse_endpoint(place)
    except ValueError:
        return place, 0, ""
    match address:
        case TcpAddress(host, port):
            return host, port, connect_path
        case UnixAddress(path):
            return path, 0, ""
