"""Every module has a unit test of the same path: src/keyhole/a/b.py has tests/unit/a/test_b.py.

tests/unit/elsewhere.toml lists the others, below the tests that cover them; that list may only shrink.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = Path("tests", "unit", "elsewhere.toml")
WITH_CODE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def main() -> int:
    problems = [*check(ROOT)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def check(root: Path) -> Iterator[str]:
    """A line for each module without a test, and for each outdated line of the list."""
    untested = set(without_unit_test(root / "src" / "keyhole", root / "tests" / "unit"))
    listed: set[str] = set()
    for tests, names in tomllib.loads((root / LIST).read_text("utf-8")).items():
        if not (root / tests).exists():
            yield f"{LIST}: {tests} does not exist"
        for name in names:
            if name in listed:
                yield f"{LIST}: {name} is listed twice"
            elif name not in untested:
                yield f"{LIST}: {name} has a unit test or is gone; remove it from the list"
            listed.add(name)
    for name in sorted(untested - listed):
        yield f"{name} has no unit test; write {unit_test_of(name)}"


def without_unit_test(source: Path, unit: Path) -> Iterator[str]:
    """The modules by name that have no unit test at their place: migrations, and packages without code, need none."""
    for path in sorted(source.rglob("*.py")):
        inside = path.relative_to(source)
        if "migrations" in inside.parts or path.name == "__main__.py":
            continue
        if path.name == "__init__.py":
            if not any(isinstance(node, WITH_CODE) for node in ast.parse(path.read_bytes()).body):
                continue
            inside = inside.parent
        if not (unit / inside.parent / f"test_{inside.stem}.py").exists():
            yield ".".join(("keyhole", *inside.with_suffix("").parts))


def unit_test_of(name: str) -> str:
    """Where a module's unit test belongs."""
    *folders, last = name.split(".")[1:]
    return "/".join(("tests/unit", *folders, f"test_{last}.py"))


if __name__ == "__main__":
    sys.exit(main())
