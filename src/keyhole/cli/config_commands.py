"""`keyhole config check|show|hash-password`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from keyhole.errors import SettingsError

app = typer.Typer(help="Check and show the settings; hash a password for them.", no_args_is_help=True)

ConfigFile = Annotated[Path | None, typer.Option("--config", help="The TOML file with the settings.")]


@app.command()
def check(path: ConfigFile = None) -> None:
    """Check whether the settings are valid."""
    from keyhole import config
    from keyhole.runtime import build as service

    settings = config.load(path)
    names = ", ".join(service.check(settings)) or "none"
    typer.echo(f"{path or 'environment'}: ok; {settings.public_url}, drivers: {names}")


@app.command()
def show(path: ConfigFile = None) -> None:
    """Print the effective settings as JSON, with secrets hidden."""
    from keyhole import config

    typer.echo(config.load(path).model_dump_json(indent=2))


@app.command("hash-password")
def hash_password_command() -> None:
    """Read a password from standard input (with a prompt on a terminal) and print its hash."""
    from pydantic import SecretStr

    from keyhole.identity.embedded.passwords import hash_password

    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    if not password:
        raise SettingsError("the password is empty; write it on standard input")
    typer.echo(hash_password(SecretStr(password)))
