"""Class names consist of common words and of terms that the glossary explains."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
GLOSSARY = ROOT / "docs" / "glossary.md"
COMMON = Path(__file__).with_name("common_words.txt")

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]+")


def class_names() -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / "src" / "keyhole").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name, path.relative_to(ROOT)


def words_of(name: str) -> list[str]:
    return [word.lower() for word in WORD.findall(name)]


def explained() -> set[str]:
    """The words of the glossary's terms, in singular and plural."""
    terms = [line.split("|")[1] for line in GLOSSARY.read_text("utf-8").splitlines() if line.startswith("| ")]
    words = {word.lower() for term in terms for word in re.findall(r"\w+", term)}
    return words | {f"{word}s" for word in words}


def common() -> set[str]:
    return set(COMMON.read_text("utf-8").split())


def test_every_word_in_a_class_name_is_common_or_explained() -> None:
    known = explained() | common()
    unknown = [
        f"{word}: {name} ({path})" for name, path in class_names() for word in words_of(name) if word not in known
    ]
    assert not unknown, (
        "Name the class with a word that everybody in the field knows and add that to common_words.txt, or explain the "
        "word in docs/glossary.md:\n" + "\n".join(unknown)
    )
