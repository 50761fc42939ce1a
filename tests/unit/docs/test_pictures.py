"""The documentation's pictures are those that the tests take, and each is shown somewhere."""

import re
from pathlib import Path

from tools.publish_pictures import PICTURES

ROOT = Path(__file__).parents[3]
DRAWN_BY_THE_BENCH = {"performance.svg"}


def test_every_picture_is_taken_by_a_test_and_shown() -> None:
    kept = {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    shown = {name for page in pages for name in re.findall(r"pictures/([\w.-]+)\)", page.read_text())}
    assert kept == shown == {*PICTURES, *DRAWN_BY_THE_BENCH}


def test_the_tests_that_take_them_are_there() -> None:
    code = "".join(path.read_text() for path in (ROOT / "tests" / "real").glob("test_*.py"))
    for seen in PICTURES.values():
        test = seen.partition("/")[0].split("-")[0]
        assert f"def {test}(" in code, seen
