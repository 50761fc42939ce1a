"""GET /servers and /servers/detail: which project's servers, how they are filtered, which page."""

from collections.abc import Callable
from typing import Any

from keyhole.api.compute.call import Call
from keyhole.api.compute.name_filter import compile_name_filter, with_matching_names
from keyhole.api.compute.paging import after_marker, limit_of, next_link
from keyhole.api.compute.server_filters import filtered, in_order, parse_boolean
from keyhole.api.compute.server_view import basic_view, detailed_view
from keyhole.errors import Forbidden
from keyhole.model import Server


async def list_servers(call: Call) -> dict[str, Any]:
    """{"servers": [{"id", "name", "links"}]}."""
    return await _list(call, "index", basic_view, "servers")


async def list_servers_in_detail(call: Call) -> dict[str, Any]:
    """{"servers": [...]} with everything that is known about each."""
    return await _list(call, "detail", detailed_view, "servers", "detail")


async def _list(
    call: Call, operation: str, view: Callable[[Call, Server], dict[str, Any]], *path: str
) -> dict[str, Any]:
    name_filter = call.query.get("name")
    pattern = compile_name_filter(name_filter) if name_filter else None
    everything = _wants_all_projects(call, operation)
    limit = limit_of(call)
    servers = await call.services.servers.list_for(call.identity, all_projects=everything)
    servers = filtered(call, after_marker(call, in_order(call, servers), lambda server: server.id))
    project_id = call.query.get("project_id") or call.query.get("tenant_id")
    if everything and project_id:
        servers = [server for server in servers if server.project_id == project_id]
    if pattern is not None:
        servers = await with_matching_names(servers, pattern)
    page = servers[:limit]
    content = {"servers": [view(call, server) for server in page]}
    return content | next_link(call, limit, len(page), page[-1].id if page else "", *path)


def _wants_all_projects(call: Call, operation: str) -> bool:
    value = call.query.get("all_tenants")
    if value is None or (value and not parse_boolean(value)):
        return False
    if not call.identity.is_admin:
        policy = f"os_compute_api:servers:{operation}:get_all_tenants"
        raise Forbidden(f"Policy doesn't allow {policy} to be performed. It requires the role admin.")
    return True
