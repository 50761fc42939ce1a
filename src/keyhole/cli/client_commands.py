"""`keyhole servers`, `keyhole console`, `keyhole log`: for users of a cloud."""

from enum import StrEnum
from typing import Annotated

import typer

from keyhole.cli.options import OsCloud, OutputFormat, ServerReference
from keyhole.cli.output import Format, lines_as_shown, show, show_columns, show_json


class ConsoleChoice(StrEnum):
    """The console types that can be requested."""

    NOVNC = "novnc"
    XVPVNC = "xvpvnc"
    SERIAL = "serial"
    SPICE_HTML5 = "spice-html5"


def servers(
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only servers with this in their name.", show_default=False)
    ] = None,
    all_projects: Annotated[
        bool, typer.Option("--all-projects", help="The servers of every project; requires the role admin.")
    ] = False,
    os_cloud: OsCloud = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """List the servers."""
    from keyhole.cli.client.cloud import signed_in
    from keyhole.cli.client.servers import list_servers

    headings = ["ID", "Name", "Status", *(["Project"] if all_projects else [])]
    with signed_in(os_cloud) as cloud:
        found = list(list_servers(cloud, name_part=name, all_projects=all_projects))
    rows = [(server.id, server.name, server.status, server.tenant_id)[: len(headings)] for server in found]
    if output is Format.JSON:
        keys = [heading.lower() for heading in headings]
        show_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        show_columns(headings, rows)


def console(
    server: ServerReference,
    console_type: Annotated[ConsoleChoice, typer.Option("--type", help="The console type.")] = (ConsoleChoice.NOVNC),
    open_it: Annotated[bool, typer.Option("--open", help="Open the URL in a browser as well.")] = False,
    os_cloud: OsCloud = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Print a URL that opens a console of the server. Anyone who has the URL can open it."""
    if open_it and console_type is ConsoleChoice.SERIAL:
        raise typer.BadParameter("the URL of a serial console is a WebSocket, not a page", param_hint="--open")

    from keyhole.cli.client.cloud import signed_in
    from keyhole.cli.client.consoles import create_console, open_in_browser
    from keyhole.cli.client.servers import find_server
    from keyhole.model import ConsoleType

    with signed_in(os_cloud) as cloud:
        found = find_server(cloud, server)
        made = create_console(cloud, found.id, ConsoleType(console_type))
    if output is Format.JSON:
        show_json({"server": found.id, "protocol": made.protocol, "type": made.type, "url": made.url})
    else:
        show(made.url)
    if open_it:
        open_in_browser(made)


def log(
    server: ServerReference,
    lines: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="The last N lines only.", show_default=False)
    ] = None,
    os_cloud: OsCloud = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Print the server's serial console output, as far as it is kept."""
    from keyhole.cli.client.cloud import signed_in
    from keyhole.cli.client.consoles import console_output
    from keyhole.cli.client.servers import find_server

    with signed_in(os_cloud) as cloud:
        found = find_server(cloud, server)
        text = console_output(cloud, found.id, lines)
    if output is Format.JSON:
        show_json({"server": found.id, "output": text})
    else:
        shown = lines_as_shown(text)
        show(shown, newline=bool(shown) and not shown.endswith("\n"))
