"""GET /servers and /servers/detail: whose servers, filtered how, which page of them.

Filters: `name` (a regular expression), `status` (any of several), and for an admin `all_tenants` with `project_id` (or
`tenant_id`). Other query arguments are ignored: what they ask about is not known here.
"""

import re
from typing import Any
from urllib.parse import urlencode

from keyhole.api.compute.call import Call
from keyhole.api.compute.name_filter import compile_name_filter, with_matching_names
from keyhole.api.compute.server_view import basic_view, detailed_view
from keyhole.api.errors import RequestRefused
from keyhole.api.schema import Invalid, Schema, check_parameter
from keyhole.errors import Forbidden
from keyhole.model import Server
from keyhole.reasons import Reason

MAX_PAGE = 1000
"""The largest page, and the page without `limit`."""

_LIMIT = Schema(("string",), pattern=re.compile("^[0-9]*$"))
_YES = frozenset({"", "1", "t", "true", "on", "y", "yes"})
_NO = frozenset({"0", "f", "false", "off", "n", "no"})


async def list_servers(call: Call) -> dict[str, Any]:
    """{"servers": [{"id", "name", "links"}]}."""
    servers = await _page(call, "index")
    return {"servers": [basic_view(call, server) for server in servers]} | _next_link(call, servers, "servers")


async def list_servers_in_detail(call: Call) -> dict[str, Any]:
    """{"servers": [...]} with all that is known of each."""
    servers = await _page(call, "detail")
    detailed = [detailed_view(call, server) for server in servers]
    return {"servers": detailed} | _next_link(call, servers, "servers", "detail")


async def _page(call: Call, operation: str) -> list[Server]:
    name_filter = call.query.get("name")
    pattern = None if name_filter is None else compile_name_filter(name_filter)
    limit = _limit(call)
    everything = _wants_all_projects(call, operation)
    servers = await call.services.servers.list_for(call.identity, all_projects=everything)
    servers = _after_marker(servers, call.query.get("marker"))
    project_id = call.query.get("project_id") or call.query.get("tenant_id")
    if everything and project_id:
        servers = [server for server in servers if server.project_id == project_id]
    if statuses := {status.upper() for status in call.query.getlist("status")}:
        servers = [server for server in servers if server.status in statuses]
    if pattern is not None:
        servers = await with_matching_names(servers, pattern)
    return servers[:limit]


def _limit(call: Call) -> int:
    text = call.query.get("limit")
    if text is None:
        return MAX_PAGE
    try:
        check_parameter(_LIMIT, "limit", text)
    except Invalid as invalid:
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, str(invalid)) from invalid
    digits = text.strip().lstrip("0") or "0"
    return min(int(digits[:9]), MAX_PAGE)


def _wants_all_projects(call: Call, operation: str) -> bool:
    value = call.query.get("all_tenants")
    if value is None or value.lower() in _NO:
        return False
    if value.lower() not in _YES:
        known = ", ".join(repr(word) for word in sorted((_YES | _NO) - {""}))
        message = f"Invalid input received: Unrecognized value {value[:100]!r}, acceptable values are: {known}"
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, message)
    if not call.identity.is_admin:
        policy = f"os_compute_api:servers:{operation}:get_all_tenants"
        raise Forbidden(f"Policy doesn't allow {policy} to be performed. It takes the role admin.")
    return True


def _after_marker(servers: list[Server], marker: str | None) -> list[Server]:
    if marker is None:
        return servers
    for position, server in enumerate(servers):
        if server.id == marker:
            return servers[position + 1 :]
    raise RequestRefused(400, Reason.REQUEST_MALFORMED, f"marker [{marker[:255]}] not found")


def _next_link(call: Call, servers: list[Server], *path: str) -> dict[str, Any]:
    """`servers_links` when the page is full, as there may be more."""
    if not servers or len(servers) < _limit(call):
        return {}
    arguments = sorted((name, value) for name, value in call.query.multi_items() if name != "marker")
    query = urlencode([*arguments, ("marker", servers[-1].id)])
    return {"servers_links": [{"rel": "next", "href": f"{call.links.to(*path)}?{query}"}]}
