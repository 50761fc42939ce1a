"""The one asyncio runner of handshake machines, and what is done with each console protocol on either side."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from keyhole.errors import KeyholeError, ProtocolError, SessionEnded, TargetFailed, TunnelRefused
from keyhole.gateway.connection import Connection, Viewer
from keyhole.gateway.target_security import accepted_security, hung_up_after_tls, start_tls, tls_context
from keyhole.model import Address, Target, TcpAddress, UnixAddress
from keyhole.protocols.http_connect import TunnelHandshake
from keyhole.protocols.machine import Machine
from keyhole.protocols.rfb.target import ServerInit, TargetHandshake
from keyhole.protocols.rfb.viewer import ViewerHandshake
from keyhole.reasons import Reason
from keyhole.target_tls import ClientContexts

EventT = TypeVar("EventT")


async def open_tunnel(connection: Connection, target: Target) -> None:
    """Has the host open its tunnel where the target has a `connect_path`; what follows belongs to the console.

    Raises TargetFailed (`target_refused`), ProtocolError, SessionEnded.
    """
    if not target.connect_path:
        return
    machine = TunnelHandshake(target.connect_path, _host_header(target.address))
    try:
        await _run_to_end(machine, connection)
    except TunnelRefused as error:
        raise TargetFailed(Reason.TARGET_REFUSED, str(error)) from error
    connection.give_back(machine.trailing_data())


async def join_target(connection: Connection, target: Target, contexts: ClientContexts) -> tuple[ServerInit, bytes]:
    """Is the RFB client towards the hypervisor, always asking for a shared session; starts TLS where both want it.

    Returns what the server tells of its screen, and the bytes that already followed. Raises ProtocolError,
    SecurityRefused, SessionEnded; TargetFailed and Unavailable for TLS.
    """
    machine = TargetHandshake(accepted_security(target), shared=True)
    tls = target.tls
    if tls is None:
        server_init = await _run_to_event(machine, connection)
    else:
        context = await tls_context(tls, contexts)
        in_the_clear: int | None = None

        async def secure() -> None:
            nonlocal in_the_clear
            in_the_clear = connection.received_bytes
            await start_tls(connection, target, context)

        try:
            server_init = await _run_to_event(machine, connection, secure)
        except SessionEnded as end:
            if connection.received_bytes == in_the_clear:
                raise hung_up_after_tls(tls) from end
            raise
    return server_init, machine.trailing_data() + connection.take()


async def join_viewer(viewer: Viewer, server_init: ServerInit) -> bytes:
    """Is the RFB server towards the viewer and shows it the target's screen; its shared flag is ours to decide.

    Returns the payload bytes that already followed. Raises ProtocolError, SessionEnded.
    """
    machine = ViewerHandshake()
    await _run_to_event(machine, viewer)
    machine.send_server_init(server_init.raw)
    _flush(machine, viewer)
    return machine.trailing_data()


async def _run_to_end(machine: Machine[Any], connection: Connection) -> None:
    """Feeds a machine that tells of no event until it is done. Raises what it raises, and SessionEnded."""
    _flush(machine, connection)
    while not machine.done:
        await _step(machine, connection)


async def _run_to_event(
    machine: Machine[EventT], connection: Connection, secure: Callable[[], Awaitable[None]] | None = None
) -> EventT:
    """Feeds a machine from a connection, and sends what it says, until something happened.

    `secure` wraps the connection in TLS when the machine asks for that.
    """
    _flush(machine, connection)
    while True:
        events = machine.events()
        if events:
            return events[0]
        if machine.wants_tls and secure is not None:
            # Whatever came too early is an error. Nothing may be awaited from here until `secure` stops reading.
            machine.receive_data(connection.take())
            await secure()
            machine.tls_started()
            _flush(machine, connection)
        else:
            await _step(machine, connection)


async def _step(machine: Machine[Any], connection: Connection) -> None:
    """Feeds a machine once."""
    try:
        data = await connection.receive()
    except SessionEnded:
        with suppress(ProtocolError):  # the plain end keeps its name; a refusal cut short is a refusal
            machine.receive_eof()
        raise
    try:
        machine.receive_data(data)
    except KeyholeError:
        _flush(machine, connection)  # its last words, such as a failed SecurityResult
        raise
    _flush(machine, connection)


def _flush(machine: Machine[Any], connection: Connection) -> None:
    for message in machine.data_to_send():
        connection.send(message)


def _host_header(address: Address) -> str:
    match address:
        case TcpAddress():
            return str(address).removeprefix("tcp://")
        case UnixAddress():
            return "localhost"
