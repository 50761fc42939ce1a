"""Counts that may only fall: how many of something each file may still contain, in a JSON file beside the tool.

A file that is not listed may contain none. `settle` writes the found counts, but only if their sum has not grown, so
that files can be moved and split while nothing is added.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

Counts = Mapping[str, int]


def read(path: Path) -> dict[str, int]:
    """The allowed counts: file -> count. A missing list allows nothing."""
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def compare(found: Counts, allowed: Counts) -> list[str]:
    """A line for each file with more than it may contain, and for each that now contains fewer."""
    problems = []
    for name in sorted({*found, *allowed}):
        has, may = found.get(name, 0), allowed.get(name, 0)
        if has > may:
            problems.append(f"{name}: {has}, allowed are {may}")
        elif has < may:
            problems.append(f"{name}: only {has} are left of {may}; run this tool with --update")
    return problems


def settle(found: Counts, path: Path) -> bool:
    """Writes the found counts as the new list; if there are more than before, writes nothing and returns False."""
    if sum(found.values()) > sum(read(path).values()):
        return False
    if found:
        path.write_text(json.dumps(dict(sorted(found.items())), indent=2) + "\n", "utf-8")
    else:
        path.unlink(missing_ok=True)
    return True


def run(found: Counts, path: Path) -> int:
    """The main part of a tool with such counts: `settle` with --update, else `compare`. Returns the exit status."""
    if "--update" in sys.argv[1:]:
        if settle(found, path):
            return 0
        print(f"{path.name} was not written: there is more than before", file=sys.stderr)
    problems = compare(found, read(path))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0
