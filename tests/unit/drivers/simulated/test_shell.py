"""The simulated shell's commands."""

import re

import pytest

from keyhole.drivers.simulated.shell import Shell


@pytest.fixture
def shell() -> Shell:
    return Shell({"shout": (lambda rest: f"{rest.upper()}!\n", "says it louder")})


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("", ""),
        ("   ", ""),
        ("echo hello   world", "hello   world\n"),
        ("echo", "\n"),
        ("echo x$((6*7))", "x42\n"),
        ("echo $((1+1))$((2*(1+2))) $(((1+2)*3))", "26 9\n"),
        ("echo $((", "$((\n"),
        ("echo $((1/0))", "echo: division by zero\n"),
        ("calc 6*7", "42\n"),
        ("calc $((6*7))+1", "43\n"),
        ("calc x", "calc: only whole numbers, + - * / % and parentheses\n"),
        ("lines 3", "line 1\nline 2\nline 3\n"),
        ("lines 1001", "lines: write a number up to 1000\n"),
        ("lines \u00b2", "lines: write a number up to 1000\n"),
        ("clear", "\f"),
        ("bell", "\a"),
        ("shout hey", "HEY!\n"),
        ("rm -rf /", "rm: not known here; try help\n"),
    ],
)
def test_commands(shell: Shell, line: str, answer: str) -> None:
    assert shell.run(line) == answer


def test_date_says_when(shell: Shell) -> None:
    assert re.fullmatch(r"\w{3} \d\d \w{3} \d{4} \d\d:\d\d:\d\d UTC\n", shell.run("date"))


def test_help_names_every_command(shell: Shell) -> None:
    names = [line.split()[0] for line in shell.run("help").splitlines()]
    assert names == ["help", "echo", "calc", "date", "lines", "clear", "bell", "shout"]
