"""Servers, through the compute API: the list, and finding one by its id or name."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from keyhole.cli.client.cloud import Cloud, CommandFailed, NotFound
from keyhole.cli.client.pages import all_pages


class Server(BaseModel):
    """A server as listed. Only the detailed list has `status` and `tenant_id`, its project's id."""

    id: str
    name: str
    status: str = ""
    tenant_id: str = ""


class _Page(BaseModel):
    servers: list[Server]
    servers_links: list[Any] = []


class _Shown(BaseModel):
    """One server; None if the path is another call's, as it is for a server with the name `detail`."""

    server: Server | None = None


def list_servers(cloud: Cloud, *, name_part: str | None = None, all_projects: bool = False) -> Iterator[Server]:
    """The project's servers, page by page; with `name_part`, those whose name contains this text."""
    query = {"all_tenants": "1"} if all_projects else {}
    if name_part is not None:
        query["name"] = re.escape(name_part)
    yield from _pages(cloud, "/servers/detail", query)


def find_server(cloud: Cloud, reference: str) -> Server:
    """The server with this id, else the only one with exactly this name. Raises CommandFailed."""
    with suppress(NotFound):
        shown = cloud.compute(_Shown, "GET", server_path(reference)).server
        if shown is not None and shown.id == reference:
            return shown
    named = _pages(cloud, "/servers", {"name": f"^{re.escape(reference)}$"})
    found = [server for server in named if server.name == reference]
    match found:
        case [server]:
            return server
        case []:
            raise NotFound(f"there is no server {reference!r} in the project")
        case _:
            ids = ", ".join(server.id for server in found)
            raise CommandFailed(f"{len(found)} servers are named {reference!r}; name one by its id: {ids}")


def server_path(server_id: str, *parts: str) -> str:
    """The path of a server, or of what is below it."""
    return "/".join(("/servers", quote(server_id, safe="", errors="replace"), *parts))


def _pages(cloud: Cloud, path: str, query: dict[str, str]) -> Iterator[Server]:
    def page(query: dict[str, str]) -> tuple[list[Server], bool]:
        answer = cloud.compute(_Page, "GET", path, query=query)
        return answer.servers, bool(answer.servers_links)

    return all_pages(page, query)
