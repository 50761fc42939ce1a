"""Signing in to a target's VNC server: which security types to accept, and TLS on its connection."""

import asyncio
import ssl
from collections.abc import Sequence
from functools import partial

from keyhole.crypto.vnc_des import response
from keyhole.errors import TargetFailed, TlsUnusable, Unavailable
from keyhole.gateway.connection import Connection
from keyhole.model import Dialled, Target, TargetTls, TcpAddress
from keyhole.net.tls_client import ClientContexts
from keyhole.protocols.rfb.constants import VencryptNumber
from keyhole.protocols.rfb.security import SecurityType
from keyhole.protocols.rfb.security.none import NoSecurity
from keyhole.protocols.rfb.security.plain import PlainAuthentication
from keyhole.protocols.rfb.security.vencrypt import VeNCrypt
from keyhole.protocols.rfb.security.vnc_auth import VncAuthentication
from keyhole.reasons import Reason

LINGER_SECONDS = 3.0
"""How long a host may take to answer TLS's close_notify, and send meanwhile, before the connection is aborted."""

# By number; for each kind of TLS from the weakest to the strongest authentication.
_KINDS = (
    (VencryptNumber.TLSNONE, VencryptNumber.TLSVNC, VencryptNumber.TLSPLAIN),
    (VencryptNumber.X509NONE, VencryptNumber.X509VNC, VencryptNumber.X509PLAIN),
)

# OpenSSL's X509_V_ERR_..., in words that name neither host nor certificate.
_FAULTS = {
    10: "has expired",
    18: "is self-signed and not trusted",
    19: "is not signed by a trusted authority",
    20: "is not signed by a trusted authority",
    21: "is not signed by a trusted authority",
    62: "is for another name",
    64: "is for another address",
}


def accepted_security(target: Target) -> Sequence[SecurityType]:
    """The accepted security types, best first: only VeNCrypt if the target has TLS settings, else those without TLS."""
    password = None if target.password is None else target.password.get_secret_value()
    ways: list[SecurityType] = [NoSecurity()]
    if password is not None:
        ways.append(VncAuthentication(partial(response, password)))
    if target.tls is None:
        return ways
    if password is not None and target.user_name:
        encoded = password.encode("utf-8", "surrogateescape")
        ways.append(PlainAuthentication(target.user_name.encode(), encoded))
    return [VeNCrypt(_subtypes(target.tls, ways))]


def _subtypes(tls: TargetTls, ways: Sequence[SecurityType]) -> dict[VencryptNumber, SecurityType]:
    """The subtypes that are at least as strong as the settings require and for which we have credentials; the strongest
    first."""
    weakest = VencryptNumber[tls.subtype.name]
    kind = next(kind for kind in _KINDS if weakest in kind)
    possible = list(zip(kind, ways, strict=False))
    return {subtype: way for subtype, way in reversed(possible) if subtype >= weakest}


async def tls_context(tls: TargetTls, contexts: ClientContexts) -> ssl.SSLContext:
    """The context for `start_tls`. Raises Unavailable if Keyhole's own files cannot be used."""
    try:
        return await asyncio.to_thread(contexts.context_for, tls)
    except TlsUnusable as error:
        raise Unavailable("The files for TLS on the way to the console cannot be used.") from error


async def start_tls(connection: Connection, target: Target, context: ssl.SSLContext) -> None:
    """Starts TLS on the connection and checks the target's certificate as the context requires.

    From its first step on, no unencrypted bytes are read. Raises TargetFailed (`target_tls_failed`).
    """
    hung_up = TargetFailed(Reason.TARGET_TLS_FAILED, "the host closed the connection instead of starting TLS")
    if connection.transport.is_closing():
        raise hung_up
    loop = asyncio.get_running_loop()
    beneath = connection.transport
    try:
        transport = await loop.start_tls(
            beneath,
            connection,
            context,
            server_hostname=_server_name(target),
            ssl_shutdown_timeout=LINGER_SECONDS,
        )
    except ssl.SSLCertVerificationError as error:
        fault = _FAULTS.get(error.verify_code, f"is invalid: {error.verify_message}")
        raise TargetFailed(Reason.TARGET_TLS_FAILED, f"the host's certificate {fault}") from error
    except ssl.SSLError as error:
        words = (error.reason or "no reason given").lower().replace("_", " ")
        raise TargetFailed(Reason.TARGET_TLS_FAILED, f"the TLS handshake failed: {words}") from error
    except OSError as error:
        raise hung_up from error
    if transport is None:
        raise hung_up
    connection.adopt(transport, source=beneath)


def closed_after_tls(tls: TargetTls) -> TargetFailed:
    """The failure if a host disconnects under TLS without sending anything.

    In TLS 1.3 a client's handshake ends before the server checks the client's certificate, so a missing or rejected
    certificate shows only now.
    """
    fault = "requires a client certificate" if tls.certificate is None else "rejected the client certificate"
    message = f"the host closed the connection after the TLS handshake; it probably {fault}"
    return TargetFailed(Reason.TARGET_TLS_FAILED, message)


def _server_name(target: Target) -> str:
    """The name that is sent (SNI) and checked."""
    if target.tls is not None and target.tls.server_name:
        return target.tls.server_name
    match target.route:
        case Dialled(TcpAddress(host)):
            return host
        case _:
            return "localhost"
