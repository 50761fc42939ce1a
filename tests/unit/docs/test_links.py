"""Every link between the pages of the documentation leads somewhere, and README and its index lead to every page."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
README, INDEX = ROOT / "README.md", ROOT / "docs" / "index.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(<?([^)\s>]+)>?[^)]*\)|(?:href|src)=\"([^\"]+)\"")


def prose_of(page: Path) -> str:
    """A page without its code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)


def links_of(page: Path) -> Iterator[tuple[Path, str]]:
    """The file that each relative link of a page leads to, and the heading there (empty: none)."""
    for groups in LINK.findall(prose_of(page)):
        target, _, heading = "".join(groups).partition("#")
        if not re.match(r"[a-z]+:", target):
            yield ((page.parent / target).resolve() if target else page), heading


def anchors_of(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_pages_links_lead_somewhere(page: Path) -> None:
    for target, heading in links_of(page):
        assert target.exists(), target
        assert target.is_relative_to(ROOT), target
        assert not heading or heading in anchors_of(target), f"{target}#{heading}"


def test_readme_and_the_index_lead_to_every_page() -> None:
    first = {target for target, _ in links_of(README)}
    linked = first | {target for target, _ in links_of(INDEX)}
    assert INDEX in first
    assert [str(page) for page in PAGES if page not in linked | {README}] == []
