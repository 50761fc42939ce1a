"""`keyhole`: the command line. Exit 0: done; 1: refused or failed, one line on standard error; 2: wrong usage.

Each command imports what it needs when it runs: `keyhole version` should not wait for a web server to load.
"""

import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from keyhole import __version__
from keyhole.cli import client_commands, config_commands, credential_commands, debug_commands, session_commands
from keyhole.cli.output import one_line
from keyhole.errors import KeyholeError, SettingsError

app = typer.Typer(
    name="keyhole",
    help="Any server's console, in a browser, through one API call.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(config_commands.app, name="config")


@app.command("serve")
def serve_command(
    config: Annotated[Path | None, typer.Option(help="The TOML file with the settings.")] = None,
) -> None:
    """Run the service until SIGTERM; SIGHUP makes it reload its settings."""
    from keyhole.cli.serve_command import serve

    serve(config)


@app.command("reload")
def reload_command(
    config: Annotated[Path | None, typer.Option(help="The TOML file with which the service was started.")] = None,
) -> None:
    """Make the running service reload its settings and the installed code; open sessions continue."""
    from keyhole.supervisor.reloading import ask_to_reload

    ask_to_reload(config)


@app.command("demo")
def demo_command(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 6080,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    state_dir: Annotated[Path | None, typer.Option(help="Directory for the guest's image and the store.")] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="Use the built-in simulated guest.")] = False,
    ready_file: Annotated[Path | None, typer.Option(help="File to write as JSON once the demo is ready.")] = None,
) -> None:
    """Boot a small real guest, serve its console and print how to open it."""
    from keyhole.cli.demo_command import DemoOptions, demo

    demo(DemoOptions(port, host, state_dir, simulated, ready_file))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


app.command()(client_commands.servers)
app.command()(client_commands.console)
app.command()(client_commands.log)
app.command()(session_commands.sessions)
app.command()(session_commands.kill)
app.add_typer(credential_commands.app, name="credential")
app.add_typer(debug_commands.app, name="debug")


def main() -> None:
    """The entry point of the installed command."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the terminal's encoding cannot show must not end the command.
        sys.stdout.reconfigure(errors="replace")
    try:
        app(prog_name="keyhole")
    except SettingsError as error:
        _fail(error, 2)
    except KeyholeError as error:
        _fail(error, 1)


def _fail(error: KeyholeError, status: int) -> None:
    typer.echo(f"keyhole: {one_line(str(error))}", err=True)
    sys.exit(status)
