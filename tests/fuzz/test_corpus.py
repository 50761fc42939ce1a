"""The saved corpus, replayed in every run: examples of each protocol, and inputs that once broke a promise."""

from pathlib import Path

import pytest
from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


def test_every_target_has_a_corpus_and_nothing_else_does() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_kept_input_keeps_the_promises_however_it_is_split(path: Path) -> None:
    data = path.read_bytes()
    for size in (data[0], 0, 1, 2, 7):
        TARGETS[path.parent.name](bytes((size,)) + data[1:])
