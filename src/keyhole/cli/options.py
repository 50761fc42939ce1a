"""The options that every client command takes."""

from typing import Annotated

import typer

from keyhole.cli.output import Format

OsCloud = Annotated[
    str | None,
    typer.Option(
        "--os-cloud",
        metavar="NAME",
        help="A cloud in your clouds.yaml. Without it, the OS_* variables determine who signs in and where.",
        show_default=False,
    ),
]
OutputFormat = Annotated[Format, typer.Option("--format", help="The output format.")]
ServerReference = Annotated[str, typer.Argument(metavar="SERVER", help="The server's name or id.")]
