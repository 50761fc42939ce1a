"""The pages' own unit tests, run by Node.js, and what the documents promise to whoever fetches them."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tools import build_frontend

PAGES = ("vnc_lite.html", "index.html")


def test_the_unit_tests_in_typescript_pass() -> None:
    build_frontend.test()


class _Inventory(HTMLParser):
    """What a Content-Security-Policy without 'unsafe-inline' would refuse, and what comes from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.ids: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag == "script"
        for name, value in attrs:
            foreign = name in ("src", "href", "action") and re.match(r"(?i)\s*([a-z+.-]+:|//)", value or "")
            if tag == "style" or name == "style" or name.startswith("on") or foreign:
                self.refused.append(f"<{tag} {name}={value!r}>")
            if name == "id":
                self.ids.append(value or "")

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.refused.append(f"inline script {data!r}")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_nothing_inline_and_nothing_from_elsewhere(page: str) -> None:
    inventory = _Inventory()
    inventory.feed(_source(page))
    assert inventory.refused == []


def test_the_console_page_has_each_id_once_and_every_id_that_the_code_asks_for() -> None:
    inventory = _Inventory()
    inventory.feed(_source("vnc_lite.html"))
    assert len(inventory.ids) == len(set(inventory.ids))
    code = "".join(path.read_text(encoding="utf-8") for path in (build_frontend.FRONTEND / "src").glob("*.ts"))
    asked = set(re.findall(r'byId\("([^"]+)"', code)) - {"copied"}
    assert asked <= set(inventory.ids)


def test_the_console_page_is_known_to_a_client_that_looks_for_novnc() -> None:
    page = _source("vnc_lite.html")
    assert re.search("<html.*>", page)
    assert all(mark in page for mark in ("</html>", "<script", "noVNC"))


def _source(page: str) -> str:
    return Path(build_frontend.FRONTEND, page).read_text(encoding="utf-8")
