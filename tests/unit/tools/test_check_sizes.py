"""Which modules are too long."""

from pathlib import Path

from tools import check_sizes


def test_modules_above_the_limit_are_counted_wherever_they_are(tmp_path: Path) -> None:
    for name, lines in {
        "src/keyhole/a/long.py": 301,
        "src/keyhole/a/fits.py": 300,
        "src/keyhole/static/assets/built.js": 999,
        "tests/unit/test_long.py": 302,
        "frontend/src/page.ts": 400,
        "frontend/node_modules/other.ts": 999,
        "docs/long.md": 999,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n" * lines)
    assert check_sizes.too_long(tmp_path) == {
        "src/keyhole/a/long.py": 301,
        "tests/unit/test_long.py": 302,
        "frontend/src/page.ts": 400,
    }
