"""Consoles in the compute API: the four old actions, remote-consoles, and removed calls."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from keyhole.api.compute.call import Call
from keyhole.api.compute.schema import Schema, closed_object, one_of, wrapped
from keyhole.api.errors import RequestRefused
from keyhole.errors import ConsoleUnavailable, ServerBusy
from keyhole.model import CONSOLE_TYPES, ConsoleType, Protocol
from keyhole.reasons import Reason

GENERIC_BAD_REQUEST = (
    "The server could not comply with the request since it is either malformed or otherwise incorrect."
)

_PROTOCOLS = ("vnc", "spice", "serial", "rdp")
_TYPES = ("novnc", "xvpvnc", "spice-html5", "serial", "rdp-html5")


def _action_schema(action: str, *types: str) -> Schema:
    return wrapped(action, closed_object(("type",), type=one_of(*types)))


def _remote_console_schema(protocols: tuple[str, ...], types: tuple[str, ...]) -> Schema:
    fields = {"protocol": one_of(*protocols), "type": one_of(*types)}
    return wrapped("remote_console", closed_object(("protocol", "type"), **fields))


ACTION_SCHEMAS: Mapping[str, Schema] = MappingProxyType(
    {
        "os-getVNCConsole": _action_schema("os-getVNCConsole", "novnc", "xvpvnc"),
        "os-getSPICEConsole": _action_schema("os-getSPICEConsole", "spice-html5"),
        "os-getSerialConsole": _action_schema("os-getSerialConsole", "serial"),
        "os-getConsoleOutput": wrapped(
            "os-getConsoleOutput",
            closed_object(
                length=Schema(("integer", "string", "null"), pattern=re.compile("^-?[0-9]+$"), minimum=-1),
            ),
        ),
    }
)

REMOTE_CONSOLE_2_6 = _remote_console_schema(_PROTOCOLS, _TYPES)
REMOTE_CONSOLE_2_8 = _remote_console_schema((*_PROTOCOLS, "mks"), (*_TYPES, "webmks"))
REMOTE_CONSOLE_2_99 = _remote_console_schema((*_PROTOCOLS, "mks"), (*_TYPES, "webmks", "spice-direct"))


async def get_console(call: Call) -> dict[str, Any]:
    """An old action: {ACTION: {"type": T}} gives {"console": {"type": T, "url": U}}."""
    (arguments,) = call.body.values()
    console_type = ConsoleType(arguments["type"])
    url = await _create(call, console_type)
    return {"console": {"type": console_type.value, "url": url}}


async def create_remote_console(call: Call) -> dict[str, Any]:
    """{"remote_console": {"protocol": P, "type": T}} gives the same with the "url"."""
    protocol = Protocol(call.body["remote_console"]["protocol"])
    console_type = ConsoleType(call.body["remote_console"]["type"])
    if protocol is Protocol.RDP or console_type.protocol is not protocol:
        # Whether the server exists is checked first.
        await call.services.servers.find_for(call.identity, call.parameters["server_id"])
        raise _impossible(protocol, console_type)
    url = await _create(call, console_type)
    return {"remote_console": {"protocol": protocol.value, "type": console_type.value, "url": url}}


async def refuse_rdp(call: Call) -> dict[str, Any]:
    """os-getRDPConsole: there is no RDP."""
    message = f"{GENERIC_BAD_REQUEST} There are no RDP consoles; ask for another type."
    raise RequestRefused(400, Reason.CONSOLE_TYPE_UNAVAILABLE, message)


async def refuse_xvp_consoles(call: Call) -> dict[str, Any]:
    """/servers/{id}/consoles, which only XenServer's console service had."""
    message = (
        "This resource is no longer available. No forwarding address is given."
        " Consoles are created at /servers/{server_id}/remote-consoles."
    )
    raise RequestRefused(410, Reason.NOT_FOUND, message)


async def _create(call: Call, console_type: ConsoleType) -> str:
    server_id = call.parameters["server_id"]
    try:
        console = await call.services.consoles.create(call.identity, server_id, console_type, call.requester)
    except ServerBusy as busy:
        message = (
            f"Cannot 'get_{console_type.protocol}_console' instance {busy.server_id}"
            f" while it is in task_state {busy.task_state}"
        )
        raise RequestRefused(409, busy.reason, message) from busy
    except ConsoleUnavailable as failure:
        message = f"{failure} {await _offered_types(call, server_id)}"
        raise RequestRefused(400, failure.reason, message) from failure
    call.services.telemetry.console_created(console.grant, call.request_id)
    return console.url


async def _offered_types(call: Call, server_id: str) -> str:
    _, server = await call.services.servers.find_for(call.identity, server_id)
    types = [console_type for console_type, kind in CONSOLE_TYPES.items() if kind.protocol in server.protocols]
    return f"This server offers {', '.join(types)}." if types else "This server offers no console."


def _impossible(protocol: Protocol, console_type: ConsoleType) -> RequestRefused:
    """The refusal of a protocol and a type that do not match."""
    if protocol is Protocol.RDP:
        message = f"{GENERIC_BAD_REQUEST} There are no RDP consoles; ask for another protocol."
        return RequestRefused(400, Reason.CONSOLE_TYPE_UNAVAILABLE, message)
    right = ", ".join(one for one, kind in CONSOLE_TYPES.items() if kind.protocol is protocol)
    message = f"Invalid console type {console_type}; protocol {protocol} has {right}."
    return RequestRefused(400, Reason.REQUEST_MALFORMED, message)
