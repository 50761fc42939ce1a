"""Flavors, which Keyhole does not have: the sizes of the servers that the caller sees stand in for them."""

from dataclasses import dataclass
from typing import Any

from keyhole.api.compute.call import Call
from keyhole.api.errors import RequestRefused
from keyhole.reasons import Reason


@dataclass(frozen=True, slots=True, order=True)
class Flavor:
    """A size of servers; 0 where the hypervisor does not tell."""

    vcpus: int
    memory_mb: int

    @property
    def id(self) -> str:
        return f"{self.vcpus}x{self.memory_mb}"

    def embedded(self) -> dict[str, Any]:
        """As it stands inside a server from microversion 2.47 on."""
        return {
            "original_name": self.id,
            "vcpus": self.vcpus,
            "ram": self.memory_mb,
            "disk": 0,
            "ephemeral": 0,
            "swap": 0,
            "extra_specs": {},
        }

    def basic(self, call: Call) -> dict[str, Any]:
        """As it stands in GET /flavors."""
        return {"id": self.id, "name": self.id, "links": call.links.pair("flavors", self.id)}

    def detailed(self, call: Call) -> dict[str, Any]:
        """As it stands in GET /flavors/detail and /flavors/{id}."""
        return self.basic(call) | {
            "vcpus": self.vcpus,
            "ram": self.memory_mb,
            "disk": 0,
            "swap": "",
            "rxtx_factor": 1.0,
            "OS-FLV-EXT-DATA:ephemeral": 0,
            "OS-FLV-DISABLED:disabled": False,
            "os-flavor-access:is_public": True,
        }


async def list_flavors(call: Call) -> dict[str, Any]:
    """{"flavors": [{"id", "name", "links"}]}: the sizes that the caller's servers have."""
    return {"flavors": [flavor.basic(call) for flavor in await _flavors(call)]}


async def list_flavors_in_detail(call: Call) -> dict[str, Any]:
    """{"flavors": [...]} with the numbers of each."""
    return {"flavors": [flavor.detailed(call) for flavor in await _flavors(call)]}


async def show_flavor(call: Call) -> dict[str, Any]:
    """{"flavor": {...}}: a size that one of the caller's servers has."""
    asked = call.parameters["flavor_id"]
    for flavor in await _flavors(call):
        if flavor.id == asked:
            return {"flavor": flavor.detailed(call)}
    raise RequestRefused(404, Reason.NOT_FOUND, f"Flavor {asked} could not be found.")


async def _flavors(call: Call) -> list[Flavor]:
    servers = await call.services.servers.list_for(call.identity, all_projects=True)
    return sorted({Flavor(server.vcpus, server.memory_mb) for server in servers})
