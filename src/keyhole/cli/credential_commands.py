"""`keyhole credential create|list|delete`: application credentials, for scripts that should not contain a password."""

import shlex
from datetime import UTC, datetime
from typing import Annotated

import typer

from keyhole.cli.options import OsCloud, OutputFormat
from keyhole.cli.output import Format, lines_as_shown, one_line, show, show_columns, show_json

app = typer.Typer(help="Create, list and delete application credentials for scripts.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A unique name that says what the credential is for.")],
    expires: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="A duration such as 90m, 12h or 30d, or a date and time such as 2030-12-31T18:00:00 (UTC without a"
            " zone). Without it the credential does not expire.",
            show_default=False,
        ),
    ] = None,
    os_cloud: OsCloud = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Create a credential for the project and print the shell commands that sign in by it. The secret is shown once."""
    from keyhole.cli.client.cloud import signed_in
    from keyhole.cli.client.credentials import CONFLICTING, create_credential, environment_of, expiry

    try:
        expires_at = None if expires is None else expiry(expires, datetime.now(UTC))
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"{expires!r} is neither a duration nor a date and time", param_hint="--expires"
        ) from error
    with signed_in(os_cloud) as cloud:
        made = create_credential(cloud, name, expires_at)
        variables = environment_of(cloud, made)
    if output is Format.JSON:
        secret = made.secret.get_secret_value()
        show_json(made.model_dump() | {"secret": secret, "environment": variables})
        return
    until = f"valid until {made.expires_at}" if made.expires_at else "without an expiry"
    show(one_line(f"# Application credential {made.name}, id {made.id}, {until}. The secret is not shown again."))
    show(f"unset {' '.join(CONFLICTING)}")
    for variable, value in variables.items():
        show(f"export {variable}={shlex.quote(lines_as_shown(value))}")


@app.command("list")
def list_command(os_cloud: OsCloud = None, output: OutputFormat = Format.TABLE) -> None:
    """List your credentials, without their secrets."""
    from keyhole.cli.client.cloud import signed_in
    from keyhole.cli.client.credentials import list_credentials

    with signed_in(os_cloud) as cloud:
        found = list_credentials(cloud)
    if output is Format.JSON:
        show_json([credential.model_dump() for credential in found])
    else:
        show_columns(("ID", "Name", "Expires"), [(one.id, one.name, one.expires_at or "never") for one in found])


@app.command()
def delete(
    credential_id: Annotated[str, typer.Argument(metavar="ID", help="The credential's id.")],
    os_cloud: OsCloud = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Revoke a credential: it can no longer be used to sign in."""
    from keyhole.cli.client.cloud import signed_in
    from keyhole.cli.client.credentials import delete_credential

    with signed_in(os_cloud) as cloud:
        delete_credential(cloud, credential_id)
    if output is Format.JSON:
        show_json({"deleted": credential_id})
