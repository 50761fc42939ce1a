"""The set-up of a console protocol on both sides, before its bytes are relayed."""

from keyhole.errors import SessionEnded, TargetFailed, TunnelRefused
from keyhole.gateway.connection import Connection, Viewer
from keyhole.gateway.handshake.target_security import accepted_security, closed_after_tls, start_tls, tls_context
from keyhole.model import Address, Dialled, Target, TcpAddress, UnixAddress
from keyhole.net.tls_client import ClientContexts
from keyhole.protocols.http.connect import TunnelHandshake
from keyhole.protocols.rfb.handshake.target import ServerInit, TargetHandshake
from keyhole.protocols.rfb.handshake.viewer import ViewerHandshake
from keyhole.reasons import Reason


async def open_tunnel(connection: Connection, target: Target) -> None:
    """Requests a tunnel from the host if the route requires one; the bytes that follow belong to the console.

    Raises TargetFailed (`target_refused`), ProtocolError, SessionEnded.
    """
    route = target.route
    if not isinstance(route, Dialled) or route.upgrade is None:
        return
    machine = TunnelHandshake(route.upgrade.path, _host_header(route.address))
    try:
        await connection.run(machine)
    except TunnelRefused as error:
        raise TargetFailed(Reason.TARGET_REFUSED, str(error)) from error
    connection.put_back(machine.trailing_data())


async def join_target(connection: Connection, target: Target, contexts: ClientContexts) -> tuple[ServerInit, bytes]:
    """The RFB client towards the hypervisor. It always requests a shared session and starts TLS if both sides agree.

    Returns the server's screen and the bytes that already followed. Raises ProtocolError, SecurityRefused,
    SessionEnded; TargetFailed and Unavailable for TLS.
    """
    machine = TargetHandshake(accepted_security(target), shared=True)
    tls = target.tls
    context = await tls_context(tls, contexts) if tls else None
    await connection.run(machine)
    if tls and context and machine.wants_tls:
        # Bytes that arrived before TLS are an error. Nothing may be awaited from here until `start_tls` stops reading.
        machine.receive_data(connection.take())
        in_the_clear = connection.received_bytes
        await start_tls(connection, target, context)
        machine.tls_started()
        try:
            await connection.run(machine)
        except SessionEnded as end:
            if connection.received_bytes == in_the_clear:
                raise closed_after_tls(tls) from end
            raise
    (server_init,) = machine.events()
    return server_init, machine.trailing_data() + connection.take()


async def join_viewer(viewer: Viewer, server_init: ServerInit) -> bytes:
    """The RFB server towards the viewer, with the target's screen. The viewer's shared flag is ignored.

    Returns the payload bytes that already followed. Raises ProtocolError, SessionEnded.
    """
    machine = ViewerHandshake()
    await viewer.run(machine)
    machine.send_server_init(server_init.raw)
    await viewer.run(machine)
    return machine.trailing_data()


def _host_header(address: Address) -> str:
    match address:
        case TcpAddress():
            return str(address).removeprefix("tcp://")
        case UnixAddress():
            return "localhost"
