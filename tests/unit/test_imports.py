"""The house's one rule about imports: they point down only (pyproject.toml, [tool.importlinter])."""

from importlinter.cli import lint_imports


def test_imports_point_down_only() -> None:
    assert lint_imports(no_cache=True) == 0
