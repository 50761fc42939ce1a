"""The text of docs/reference/command-line.md, from the commands themselves."""

from collections.abc import Iterator

import typer
from typer.core import TyperArgument, TyperGroup
from typer.main import get_command

from keyhole.cli.main import app

_OPENING = """\
# Command line
`keyhole serve`, `reload`, `demo` and `config` are for operators of the service. `keyhole servers`, `console`, `log`
and `credential` are for its users: they only call the Compute and Identity APIs, those of Keyhole or of any OpenStack
cloud, and read the `OS_*` variables and `clouds.yaml` as the OpenStack client does.

| exit status | meaning |
|---|---|
| 0 | done |
| 1 | refused or failed; one line on standard error says why |
| 2 | wrong usage, or missing or invalid settings (`OS_*` included); standard error says which |

`--format table` is for people and for shell scripts, `--format json` for programs. [How to get a console from
scripts](../howto/get-a-console-from-scripts.md) shows both.
"""


def render_command_line() -> str:
    """The page in Markdown."""
    return "\n".join([_OPENING, *_sections(typer.Context(get_command(app), info_name="keyhole"))])


def _sections(context: typer.Context) -> Iterator[str]:
    """A command's purpose and parameters, then the same for each of its subcommands."""
    command = context.command
    yield f"## `{context.command_path}`"
    yield command.help or ""
    yield ""
    yield "```"
    yield " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield "```"
    yield ""
    yield from _parameters(context)
    if isinstance(command, TyperGroup):
        for name, below in command.commands.items():
            yield from _sections(typer.Context(below, info_name=name, parent=context))


def _parameters(context: typer.Context) -> Iterator[str]:
    parameters = context.command.params
    ordered = sorted(parameters, key=lambda parameter: not isinstance(parameter, TyperArgument))
    rows = [record for parameter in ordered if (record := parameter.get_help_record(context)) is not None]
    if rows:
        yield "| parameter | meaning |"
        yield "|---|---|"
        for name, meaning in rows:
            yield f"| `{_cell(name)}` | {_cell(meaning)} |"
        yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
