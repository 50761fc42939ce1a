"""The one asyncio runner of handshake machines, and what is done with each console protocol on either side."""

from contextlib import suppress
from functools import partial
from typing import TypeVar

from keyhole.errors import KeyholeError, ProtocolError, SessionEnded
from keyhole.gateway.connection import Connection, Viewer
from keyhole.model import Target
from keyhole.protocols.machine import Machine
from keyhole.protocols.rfb.security import SecurityType
from keyhole.protocols.rfb.security.none import NoSecurity
from keyhole.protocols.rfb.security.vnc_auth import VncAuthentication
from keyhole.protocols.rfb.target import ServerInit, TargetHandshake
from keyhole.protocols.rfb.viewer import ViewerHandshake
from keyhole.vnc_password import response

EventT = TypeVar("EventT")


async def join_target(connection: Connection, target: Target) -> tuple[ServerInit, bytes]:
    """Is the RFB client towards the hypervisor, always asking for a shared session.

    Returns what the server tells of its screen, and the bytes that already followed. Raises ProtocolError,
    SecurityRefused, SessionEnded.
    """
    security: list[SecurityType] = [NoSecurity()]
    if target.password is not None:
        security.append(VncAuthentication(partial(response, target.password.get_secret_value())))
    machine = TargetHandshake(security, shared=True)
    server_init = await _run_to_event(machine, connection)
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


async def _run_to_event(machine: Machine[EventT], connection: Connection) -> EventT:
    """Feeds a machine from a connection, and sends what it says, until something happened."""
    _flush(machine, connection)
    while True:
        events = machine.events()
        if events:
            return events[0]
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


def _flush(machine: Machine[EventT], connection: Connection) -> None:
    for message in machine.data_to_send():
        connection.send(message)
