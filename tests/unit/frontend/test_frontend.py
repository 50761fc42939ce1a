"""The pages' own unit tests, run by Node.js, and the properties of the built documents."""

import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tools import build_frontend

PAGES = ("vnc_lite.html", "serial.html", "index.html")


def test_the_unit_tests_in_typescript_pass() -> None:
    build_frontend.test()


class _Inventory(HTMLParser):
    """Everything in a page that a Content-Security-Policy without 'unsafe-inline' would refuse, or that is from
    elsewhere.
    """

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


@pytest.mark.parametrize("page", PAGES)
def test_every_id_of_a_page_is_there_once(page: str) -> None:
    inventory = _Inventory()
    inventory.feed(_source(page))
    assert len(inventory.ids) == len(set(inventory.ids))


def test_the_console_page_is_known_to_a_client_that_looks_for_novnc() -> None:
    page = _source("vnc_lite.html")
    assert re.search("<html.*>", page)
    assert all(mark in page for mark in ("</html>", "<script", "noVNC"))


def _source(page: str) -> str:
    return Path(build_frontend.FRONTEND, page).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def built() -> Path:
    """The pages' build, brought up to date."""
    build_frontend.build_when_stale()
    return build_frontend.STATIC


@pytest.mark.parametrize(
    ("page", "least", "limit"),
    [
        ("vnc_lite.html", 20_000, 120_000),
        ("serial.html", 20_000, 150_000),
        ("index.html", 10_000, 60_000),
    ],
)
def test_a_page_is_small(built: Path, page: str, least: int, limit: int) -> None:
    """Script and style that the page loads in English, compressed as they are sent."""
    leaves_out = {"vnc_lite.html": "xterm|addon", "serial.html": "rfb"}.get(page, "$.")
    entries = re.findall(r'"/(assets/[^"]+)"', (built / page).read_text(encoding="utf-8"))
    names = _loaded(built, entries, re.compile(leaves_out))
    size = sum(len(gzip.compress((built / name).read_bytes(), 9)) for name in names)
    assert least < size <= limit, f"{size} bytes in {sorted(names)}"


def test_what_is_compressed_is_the_same_and_smaller_than_gzip_makes_it(built: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text(encoding="utf-8"))
    scripts = [one for one in manifest.values() if one["file"].endswith((".js", ".css"))]
    assert len(scripts) > 10
    unpack = "const { brotliDecompressSync: u } = require('zlib'); const { readFileSync: r } = require('fs');"
    for one in scripts:
        body, packed = (built / one["file"]).read_bytes(), built / one["brotli"]
        assert packed.stat().st_size < len(gzip.compress(body, 9)), one["file"]
    pairs = json.dumps([[str(built / one["brotli"]), str(built / one["file"])] for one in scripts])
    build_frontend.run(
        "comparing", "-e", f"{unpack} if (!{pairs}.every(([p, b]) => u(r(p)).equals(r(b)))) process.exit(1)"
    )


def _loaded(built: Path, entries: list[str], leaves_out: re.Pattern[str]) -> set[str]:
    """The page's own files and all that they name, but for languages and what belongs to the other kind of console."""
    todo, done = list(entries), set[str]()
    while todo:
        name = todo.pop()
        done.add(name)
        if name.endswith(".js"):
            text = (built / name).read_text(encoding="utf-8")
            others = {f"assets/{other}" for other in re.findall(r"[\w-]+-[\w-]{8}\.(?:js|css)", text)}
            languages = re.compile(r"/(?:de|fr|es|ja|zh-Hans)-")
            todo += [
                other
                for other in others - done
                if (built / other).is_file() and not leaves_out.search(other) and not languages.search(other)
            ]
    return done
