"""docs/security.md covers every requirement, and the tests that it names exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text()
REQUIREMENTS = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]


def names_in(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


def test_each_of_the_twenty_is_answered_once() -> None:
    assert [text.split(".")[0] for text in REQUIREMENTS] == [f"R{number}" for number in range(1, 21)]


def test_each_has_a_test_or_says_what_is_missing() -> None:
    for text in REQUIREMENTS:
        assert "`tests/" in text or "*Missing:*" in text, text


def test_the_tests_that_are_named_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 30
    assert PAGE.count("`tests/") == len(named)
    for file, name in named:
        assert name in names_in(ROOT / file), f"{file}::{name}"
