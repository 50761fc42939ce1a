"""The output of the client commands: text without control characters for the terminal, columns, JSON.

Names, console output and messages come from servers and clouds, so they are hostile until this module has cleaned them.
"""

import errno
import json
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import typer
from rich.cells import cell_len

from keyhole.errors import KeyholeError
from keyhole.protocols.escape_sequences import without_escapes
from keyhole.protocols.text import sanitize


class Format(StrEnum):
    """A client command's output format."""

    TABLE = "table"
    JSON = "json"


def one_line(text: str) -> str:
    """`text` as one printable line with its white space collapsed, cut at 1024 characters."""
    return _cell(" ".join(text.split()))


def lines_as_shown(text: str) -> str:
    """`text` without escape sequences and unprintable characters, except line feed and tab."""
    text = without_escapes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
    return "".join(character for character in text if character in "\n\t" or character.isprintable())


def show(text: str, *, newline: bool = True) -> None:
    """Prints text. Raises KeyholeError if it cannot be written, but not if the reader has closed the pipe."""
    try:
        typer.echo(text, nl=newline)
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        raise KeyholeError(f"the output could not be written: {error.strerror}") from error


def show_json(value: Any) -> None:
    """Prints JSON in ASCII, which contains no control characters."""
    show(json.dumps(value, indent=2))


def show_columns(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints rows under their headings, never truncated."""
    # Not by rich.table: it fits columns to the terminal, pads the last one, and interprets markup and emoji codes.
    table = [tuple(headings), *(tuple(map(_cell, row)) for row in rows)]
    widths = [max(cell_len(cell) for cell in column) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        show("  ".join(cells).rstrip())


def _cell(text: str) -> str:
    return sanitize(text.encode(errors="replace"))
