"""How a server looks in the compute API. Fields that a hypervisor does not report have the value that clients treat as
empty.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from keyhole.api.compute.call import Call
from keyhole.api.compute.flavors import flavor_of
from keyhole.api.compute.versions import Microversion
from keyhole.model import Server, ServerStatus

EMBEDDED_FLAVOR = Microversion(2, 47)
MORE_FOR_ADMINS = Microversion(2, 3)
HOST_STATUS = Microversion(2, 16)
SERVER_GROUPS = Microversion(2, 71)
HOSTNAME = Microversion(2, 90)

ADDED: Sequence[tuple[Microversion, Mapping[str, Any]]] = (
    (Microversion(2, 9), {"locked": False}),
    (Microversion(2, 19), {"description": None}),
    (Microversion(2, 26), {"tags": []}),
    (Microversion(2, 63), {"trusted_image_certificates": None}),
    (Microversion(2, 73), {"locked_reason": None}),
    (Microversion(2, 96), {"pinned_availability_zone": None}),
    (Microversion(2, 100), {"scheduler_hints": {}}),
)
"""The fields that each microversion added to the view of a server; Keyhole knows none of them."""

_NO_STATE = 0
_RUNNING = 1
_PAUSED = 3
_SHUT_DOWN = 4
_SUSPENDED = 7

STATES: Mapping[ServerStatus, tuple[str | None, int]] = MappingProxyType(
    {
        ServerStatus.ACTIVE: ("active", _RUNNING),
        ServerStatus.BUILD: ("building", _NO_STATE),
        ServerStatus.PAUSED: ("paused", _PAUSED),
        ServerStatus.SUSPENDED: ("suspended", _SUSPENDED),
        ServerStatus.SHUTOFF: ("stopped", _SHUT_DOWN),
        ServerStatus.MIGRATING: ("active", _RUNNING),
        ServerStatus.ERROR: ("error", _NO_STATE),
        ServerStatus.UNKNOWN: (None, _NO_STATE),
    }
)
"""vm_state and power_state of a status."""


async def show_server(call: Call) -> dict[str, Any]:
    """{"server": {...}}: everything that is known about one server."""
    _, server = await call.services.servers.find_for(call.identity, call.parameters["server_id"])
    view = detailed_view(call, server)
    return {"server": view if call.version < SERVER_GROUPS else view | {"server_groups": []}}


def basic_view(call: Call, server: Server) -> dict[str, Any]:
    """A server in GET /servers."""
    return {"id": server.id, "name": server.name, "links": call.links.pair("servers", server.id)}


def detailed_view(call: Call, server: Server) -> dict[str, Any]:
    """A server in GET /servers/detail and /servers/{id}."""
    vm_state, power_state = STATES[server.status]
    view = basic_view(call, server) | {
        "status": server.status.value,
        "tenant_id": server.project_id,
        "user_id": "",
        "created": _timestamp(server.created_at),
        "updated": _timestamp(server.created_at),
        "hostId": _host_id(server),
        "addresses": {},
        "flavor": _flavor(call, server),
        "image": "",
        "metadata": {},
        "accessIPv4": "",
        "accessIPv6": "",
        "key_name": None,
        "config_drive": "",
        "security_groups": [],
        "OS-DCF:diskConfig": "MANUAL",
        "OS-EXT-AZ:availability_zone": "",
        "OS-EXT-STS:task_state": server.task_state,
        "OS-EXT-STS:vm_state": vm_state,
        "OS-EXT-STS:power_state": power_state,
        "OS-SRV-USG:launched_at": None,
        "OS-SRV-USG:terminated_at": None,
        "os-extended-volumes:volumes_attached": [],
    }
    if server.status in (ServerStatus.ACTIVE, ServerStatus.BUILD, ServerStatus.MIGRATING):
        view["progress"] = 0
    for version, added in ADDED:
        if call.version >= version:
            view |= added
    if call.version >= HOSTNAME:
        view["OS-EXT-SRV-ATTR:hostname"] = server.name
    return view | _for_admins(call, server) if call.identity.is_admin else view


def _for_admins(call: Call, server: Server) -> dict[str, Any]:
    """Where the server runs, and other fields that only admins see."""
    attributes: dict[str, Any] = {
        "host": server.host or None,
        "hypervisor_hostname": server.host or None,
        "instance_name": server.name,
    }
    if call.version >= MORE_FOR_ADMINS:
        attributes |= {"hostname": server.name, "launch_index": 0, "reservation_id": ""}
        attributes |= dict.fromkeys(("kernel_id", "ramdisk_id"), "")
        attributes |= dict.fromkeys(("root_device_name", "user_data"))
    view = {f"OS-EXT-SRV-ATTR:{name}": value for name, value in attributes.items()}
    if call.version >= HOST_STATUS:
        view["host_status"] = "UP" if server.host else ""
    return view


def _flavor(call: Call, server: Server) -> dict[str, Any]:
    flavor = flavor_of(server)
    if call.version >= EMBEDDED_FLAVOR:
        return flavor.embedded()
    return {"id": flavor.id, "links": call.links.pair("flavors", flavor.id)[1:]}


def _host_id(server: Server) -> str:
    """Identifies servers on the same host without naming the host, differently for each project."""
    if not server.host:
        return ""
    return hashlib.sha224(f"{server.project_id}{server.host}".encode()).hexdigest()


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
