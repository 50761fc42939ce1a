from collections.abc import Iterator

import typer
from typer.core import TyperGroup
from typer.main import get_command

from keyhole.cli.main import app
from keyhole.cli.reference import render_command_line


def commands(context: typer.Context) -> Iterator[typer.Context]:
    yield context
    if isinstance(context.command, TyperGroup):
        for name, below in context.command.commands.items():
            yield from commands(typer.Context(below, info_name=name, parent=context))


def test_names_every_command_with_its_parameters() -> None:
    text = render_command_line()
    sections = {part.partition("`\n")[0]: part for part in text.split("\n## `")[1:]}
    for context in commands(typer.Context(get_command(app), info_name="keyhole")):
        section = sections.pop(context.command_path)
        for parameter in context.command.params:
            name = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.metavar
            assert name is not None
            assert name in section
    assert sections == {}


def test_shows_choices_and_defaults() -> None:
    text = render_command_line()
    assert r"| `--type <novnc\|xvpvnc\|serial\|spice-html5>` |" in text
    assert "[default: table]" in text


def test_has_no_broken_table() -> None:
    rows = [line for line in render_command_line().splitlines() if line.startswith("| ")]
    assert rows
    assert all(line.replace(r"\|", "").count("|") == 3 for line in rows)
