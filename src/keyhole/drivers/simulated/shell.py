"""The little shell of the simulated guest, the same on its screen and on its serial port."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from keyhole.drivers.simulated.arithmetic import evaluate

PROMPT = "simulated$ "
MAX_LINES = 1000

Command = Callable[[str], str]
"""Takes what follows the command's name and returns its output. Raises ValueError, whose text is shown instead."""


class Shell:
    """Runs command lines. `more` are commands in addition to the built-in ones, with their texts for `help`."""

    def __init__(self, more: Mapping[str, tuple[Command, str]]) -> None:
        self._commands = {"help": (self._help, "this list"), **_BUILT_IN, **more}

    def run(self, line: str) -> str:
        """The output of a command line: whole lines, or the control characters of `screen.py`."""
        name, _, rest = line.strip().partition(" ")
        if not name:
            return ""
        if name not in self._commands:
            return f"{name}: not known here; try help\n"
        command, _ = self._commands[name]
        try:
            return command(_expand(rest.strip()))
        except ValueError as error:
            return f"{name}: {error}\n"

    def _help(self, rest: str) -> str:
        return "".join(f"  {name:8}{words}\n" for name, (_, words) in self._commands.items())


def _expand(text: str) -> str:
    """Replaces each `$((...))` by its value. Raises ValueError."""
    return re.sub(r"\$\(\((.*?)\)\)(?!\))", lambda found: str(evaluate(found[1])), text)


def _echo(rest: str) -> str:
    return f"{rest}\n"


def _calc(rest: str) -> str:
    return f"{evaluate(rest)}\n"


def _date(rest: str) -> str:
    return f"{datetime.now(UTC):%a %d %b %Y %H:%M:%S} UTC\n"


def _lines(rest: str) -> str:
    if not rest.isascii() or not rest.isdigit() or int(rest) > MAX_LINES:
        raise ValueError(f"write a number up to {MAX_LINES}")
    return "".join(f"line {number}\n" for number in range(1, int(rest) + 1))


def _clear(rest: str) -> str:
    return "\f"


def _bell(rest: str) -> str:
    return "\a"


_BUILT_IN: Mapping[str, tuple[Command, str]] = MappingProxyType(
    {
        "echo": (_echo, "prints the rest, with $((6*7)) evaluated"),
        "calc": (_calc, "evaluates whole numbers: calc 6*7"),
        "date": (_date, "the date and time"),
        "lines": (_lines, "prints a number of lines: lines 40"),
        "clear": (_clear, "an empty screen"),
        "bell": (_bell, "rings"),
    }
)
