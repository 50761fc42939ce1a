"""Finding modules without a unit test of the same path, and outdated lines in the list of exceptions."""

from pathlib import Path

import pytest
from tools import check_mirror

CODE = "def f():\n    pass\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout: `a.one` has a unit test, `a.two` and the package `b` have none."""
    for name, text in {
        "src/keyhole/__init__.py": "__version__ = '1'\n",
        "src/keyhole/__main__.py": CODE,
        "src/keyhole/a/__init__.py": '"""Nothing."""\n',
        "src/keyhole/a/one.py": CODE,
        "src/keyhole/a/two.py": CODE,
        "src/keyhole/b/__init__.py": CODE,
        "src/keyhole/store/migrations/versions/0001.py": CODE,
        "tests/unit/a/test_one.py": "",
        "tests/unit/elsewhere.toml": '"tests/api" = ["keyhole.a.two", "keyhole.b"]\n',
        "tests/api/test_all.py": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def problems(tree: Path, listed: str | None = None) -> list[str]:
    if listed is not None:
        (tree / check_mirror.LIST).write_text(listed)
    return list(check_mirror.check(tree))


def test_modules_are_tested_at_their_place_or_listed(tree: Path) -> None:
    assert problems(tree) == []


def test_a_module_that_is_neither_is_named_with_the_place_of_its_test(tree: Path) -> None:
    assert problems(tree, "") == [
        "keyhole.a.two has no unit test; write tests/unit/a/test_two.py",
        "keyhole.b has no unit test; write tests/unit/test_b.py",
    ]


@pytest.mark.parametrize(
    ("listed", "problem"),
    [
        ('["keyhole.a.two", "keyhole.b", "keyhole.a.one"]', "keyhole.a.one has a unit test or is gone"),
        ('["keyhole.a.two", "keyhole.b", "keyhole.c"]', "keyhole.c has a unit test or is gone"),
        ('["keyhole.a.two", "keyhole.b", "keyhole.b"]', "keyhole.b is listed twice"),
    ],
)
def test_a_line_that_is_wrong_by_now_is_named(tree: Path, listed: str, problem: str) -> None:
    (found,) = problems(tree, f'"tests/api" = {listed}')
    assert problem in found


def test_tests_that_are_gone_are_named(tree: Path) -> None:
    (found,) = problems(tree, '"tests/gone" = ["keyhole.a.two", "keyhole.b"]')
    assert "tests/gone does not exist" in found
