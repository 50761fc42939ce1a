"""Servers in Keyhole's own API: what its page shows in addition to Nova's list."""

from starlette.responses import Response

from keyhole.api.v1.answers import LastOpened, Named, ServersPage, ServerView
from keyhole.api.v1.call import V1Call, iso
from keyhole.api.v1.paging import limit_of, marker_of, no_such_marker, wants_all_projects
from keyhole.model import LastAccess, Server


async def list_servers(call: V1Call) -> Response:
    """The project's servers in the drivers' order; with an admin's `all_projects=1` those of all projects."""
    count = limit_of(call)
    everywhere = wants_all_projects(call)
    servers = _after(marker_of(call), await call.services.servers.list_for(call.identity, all_projects=everywhere))
    page = servers[:count]
    accesses = await call.services.accesses.last_accesses([server.id for server in page])
    answer = ServersPage(servers=[_view(call, server, accesses.get(server.id)) for server in page])
    if len(servers) > count:
        answer.next_marker = page[-1].id
    return call.respond(answer)


def _after(marker: str | None, servers: list[Server]) -> list[Server]:
    if marker is None:
        return servers
    for position, server in enumerate(servers):
        if server.id == marker:
            return servers[position + 1 :]
    raise no_such_marker(marker)


def _view(call: V1Call, server: Server, opening: LastAccess | None) -> ServerView:
    project_name = call.services.identity.project_name(server.project_id)
    return ServerView(
        id=server.id,
        name=server.name,
        project=Named(id=server.project_id, name=project_name or server.project_id),
        host=server.host if call.identity.is_admin else "",
        status=server.status,
        consoles=sorted(server.protocols),
        console_log=server.keeps_log,
        last_opened=LastOpened(user=opening.user_name, at=iso(opening.at)) if opening else None,
    )
