"""Flavors, which Keyhole does not have: the sizes of the servers that the caller sees stand in for them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keyhole.api.compute.call import Call
from keyhole.api.compute.paging import after_marker, limit_of, next_link
from keyhole.api.compute.query import Argument, QueryRules
from keyhole.api.compute.schema import one_of
from keyhole.api.compute.server_query import CLOSED_FROM, COUNT, TEXT
from keyhole.api.compute.versions import Microversion
from keyhole.api.errors import RequestRefused
from keyhole.model import Server
from keyhole.reasons import Reason

DESCRIPTION = Microversion(2, 55)
EXTRA_SPECS = Microversion(2, 61)
SWAP_IS_A_NUMBER = Microversion(2, 75)
SHORTER = Microversion(2, 102)

_SORT_KEYS = """
created_at description disabled ephemeral_gb flavorid id is_public memory_mb name root_gb rxtx_factor swap
updated_at vcpu_weight vcpus
"""

FLAVOR_QUERY = QueryRules(
    (
        Argument("limit", COUNT),
        *(Argument(name, TEXT) for name in ("marker", "is_public", "minRam", "minDisk")),
        Argument("sort_key", one_of(*_SORT_KEYS.split()), newest=Microversion(2, 101)),
        Argument("sort_key", one_of(*(key for key in _SORT_KEYS.split() if key != "rxtx_factor")), oldest=SHORTER),
        Argument("sort_dir", one_of("asc", "desc")),
        Argument("name", TEXT, oldest=SHORTER),
    ),
    closed_from=CLOSED_FROM,
)


@dataclass(frozen=True, slots=True, order=True)
class Flavor:
    """A size of servers; 0 if the hypervisor does not report it."""

    vcpus: int
    memory_mb: int

    @property
    def id(self) -> str:
        return f"{self.vcpus}x{self.memory_mb}"

    def embedded(self) -> dict[str, Any]:
        """The form inside a server from microversion 2.47 on."""
        return {
            "original_name": self.id,
            "vcpus": self.vcpus,
            "ram": self.memory_mb,
            "disk": 0,
            "ephemeral": 0,
            "swap": 0,
            "extra_specs": {},
        }


def flavor_of(server: Server) -> Flavor:
    """The size of a server."""
    return Flavor(server.vcpus, server.memory_mb)


async def list_flavors(call: Call) -> dict[str, Any]:
    """{"flavors": [{"id", "name", "links"}]}: the sizes of the caller's servers."""
    return await _list(call, _basic, "flavors")


async def list_flavors_in_detail(call: Call) -> dict[str, Any]:
    """{"flavors": [...]} with the numbers of each."""
    return await _list(call, _detailed, "flavors", "detail")


async def show_flavor(call: Call) -> dict[str, Any]:
    """{"flavor": {...}}: a size that one of the caller's servers has."""
    requested = call.parameters["flavor_id"]
    for flavor in await _flavors(call):
        if flavor.id == requested:
            return {"flavor": _detailed(call, flavor)}
    raise RequestRefused(404, Reason.NOT_FOUND, f"Flavor {requested} could not be found.")


def _basic(call: Call, flavor: Flavor) -> dict[str, Any]:
    view = {"id": flavor.id, "name": flavor.id, "links": call.links.pair("flavors", flavor.id)}
    return view if call.version < DESCRIPTION else view | {"description": None}


def _detailed(call: Call, flavor: Flavor) -> dict[str, Any]:
    view = _basic(call, flavor) | {
        "vcpus": flavor.vcpus,
        "ram": flavor.memory_mb,
        "disk": 0,
        "swap": "" if call.version < SWAP_IS_A_NUMBER else 0,
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "os-flavor-access:is_public": True,
    }
    if call.version >= EXTRA_SPECS:
        view["extra_specs"] = {}
    if call.version < SHORTER:
        view |= {"OS-FLV-DISABLED:disabled": False, "rxtx_factor": 1.0}
    return view


async def _list(call: Call, view: Callable[[Call, Flavor], dict[str, Any]], *path: str) -> dict[str, Any]:
    limit = limit_of(call)
    memory, disk = _minimum(call, "minRam"), _minimum(call, "minDisk")
    name = call.query.get("name", "") if call.version >= SHORTER else ""
    flavors = [
        flavor for flavor in await _flavors(call) if flavor.memory_mb >= memory and disk <= 0 and name in flavor.id
    ]
    page = after_marker(call, flavors, lambda flavor: flavor.id)[:limit]
    content = {"flavors": [view(call, flavor) for flavor in page]}
    return content | next_link(call, limit, len(page), page[-1].id if page else "", *path)


async def _flavors(call: Call) -> list[Flavor]:
    servers = await call.services.servers.list_for(call.identity, all_projects=True)
    return sorted(set(map(flavor_of, servers)), reverse=call.query.get("sort_dir") == "desc")


def _minimum(call: Call, name: str) -> int:
    text = call.query.get(name, "0")
    try:
        return int(text[:18])
    except ValueError:
        message = f"Invalid {name} filter [{text[:255]}]"
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, message) from None
