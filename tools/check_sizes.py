"""No module may be longer than 300 lines. sizes.json lists the exceptions with their length; they may only shrink."""

import sys
from collections.abc import Iterator
from pathlib import Path

from tools import ratchet

ROOT = Path(__file__).resolve().parents[1]
LIST = Path(__file__).with_name("sizes.json")
FOLDERS = ("src", "tests", "bench", "tools", "examples", "frontend/src", "frontend/tests")
SUFFIXES = (".py", ".ts", ".js")
LIMIT_LINES = 300


def main() -> int:
    return ratchet.run(too_long(ROOT), LIST)


def too_long(root: Path) -> dict[str, int]:
    """File -> its number of lines, for those above the limit."""
    lengths = {path.relative_to(root).as_posix(): len(path.read_bytes().splitlines()) for path in modules(root)}
    return {name: length for name, length in lengths.items() if length > LIMIT_LINES}


def modules(root: Path) -> Iterator[Path]:
    """The hand-written modules, without built or installed files."""
    built = root / "src" / "keyhole" / "static"
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.suffix in SUFFIXES and not path.is_relative_to(built):
                yield path


if __name__ == "__main__":
    sys.exit(main())
