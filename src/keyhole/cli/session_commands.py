"""`keyhole sessions`, `keyhole kill`: list open consoles and end one."""

from typing import Annotated

import typer

from keyhole.cli.options import OsCloud, OutputFormat
from keyhole.cli.output import Format, show_columns, show_json


def sessions(
    all_projects: Annotated[
        bool, typer.Option("--all-projects", help="The sessions of every project; requires the role admin.")
    ] = False,
    os_cloud: OsCloud = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """List the open consoles, the newest first."""
    from keyhole.cli.client.cloud import signed_in
    from keyhole.cli.client.sessions import list_sessions

    with signed_in(os_cloud) as cloud:
        found = list(list_sessions(cloud, all_projects=all_projects))
    if output is Format.JSON:
        show_json([session.model_dump() for session in found])
        return
    headings = ["ID", "Server", "Type", "User", "Viewer", "Opened", *(["Project"] if all_projects else [])]
    rows = [
        (
            session.id,
            session.server.name,
            session.console_type,
            session.user.name,
            session.viewer,
            session.opened_at,
            session.project_id,
        )[: len(headings)]
        for session in found
    ]
    show_columns(headings, rows)


def kill(
    session: Annotated[
        str, typer.Argument(metavar="SESSION", help="The session's id, as `keyhole sessions` shows it.")
    ],
    os_cloud: OsCloud = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """End an open console within a second. Its viewer sees who ended it and cannot reconnect without a new link."""
    from keyhole.cli.client.cloud import signed_in
    from keyhole.cli.client.sessions import end_session

    with signed_in(os_cloud) as cloud:
        end_session(cloud, session)
    if output is Format.JSON:
        show_json({"session": session})
