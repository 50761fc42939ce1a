"""noVNC as it is published, in a page of a few lines that is no part of Keyhole, in a real Chromium at the real guest.

Portals have such pages, served from an origin of their own, and their users have bookmarked how noVNC is addressed.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import Browser, Page, expect
from tests.fakes.waiting import until
from tests.real.browser import WINDOW, ConsolePage
from tests.real.guests import type_keys, until_screen
from tests.real.pictures import VGA_SIZE, guest_picture, has_ink, text_row
from tests.real.processes import free_port, is_free, running
from tests.real.service import USERS, Service, guests_found_at, serving

from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

NOVNC = Path(__file__).parents[2] / "frontend" / "node_modules" / "@novnc" / "novnc"
PAGE = Path(__file__).with_name("stock_novnc.html")
PATIENCE_MILLISECONDS = 20_000


@dataclass(frozen=True)
class Site:
    """A portal's site with noVNC on it, and the Keyhole that lets its pages show consoles."""

    origin: str
    service: Service

    def address_of(self, link: str) -> str:
        """noVNC's page on this site, with a link's query and where Keyhole is."""
        parts = urlsplit(link)
        where = urlencode({"host": parts.hostname, "port": parts.port})
        return f"{self.origin}/vnc_lite.html?{where}&{parts.query}"


@pytest.fixture(scope="module")
def site(portal: BlockingPortal, guest: DemoGuest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    files, port = tmp_path_factory.mktemp("site"), free_port()
    for part in ("core", "vendor"):
        shutil.copytree(NOVNC / part, files / part)
    shutil.copy(PAGE, files / "vnc_lite.html")
    origin = f"http://127.0.0.1:{port}"
    settings = f'[console]\nallowed_origins = ["{origin}"]\n{USERS}{guests_found_at(guest.qmp_path)}'
    server = ("-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(files))
    folder = tmp_path_factory.mktemp("keyhole")
    with (
        serving(portal, folder, settings) as service,
        running(sys.executable, *server, folder=folder, name="site"),
    ):
        portal.call(until, lambda: not is_free(port))
        yield Site(origin, service)


@pytest.fixture
def stock(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[ConsolePage]:
    """A browser window for the site's page."""
    with chromium.new_context(viewport=WINDOW) as context:
        folder = request.config.rootpath / "test-results" / re.sub(r"\W+", "-", request.node.name).strip("-")
        yield ConsolePage(context.new_page(), folder)


def expect_state(page: Page, state: str) -> None:
    expect(page.locator("html")).to_have_attribute("data-state", state, timeout=PATIENCE_MILLISECONDS)


def test_what_is_typed_is_run_and_its_result_is_drawn(
    site: Site, stock: ConsolePage, guest: DemoGuest, portal: BlockingPortal
) -> None:
    portal.call(type_keys, guest.qmp_path, "clear\n")
    portal.call(until_screen, guest.qmp_path, lambda text: text == "shared:~#")
    stock.page.goto(site.address_of(site.service.console_url(guest.server_id)))
    expect_state(stock.page, "connected")
    stock.type("echo n$((6*7))\n")
    text = portal.call(until_screen, guest.qmp_path, lambda text: "n42" in text.splitlines())
    assert text.splitlines() == ["shared:~# echo n$((6*7))", "n42", "shared:~#"]

    row = text_row(portal.call(guest_picture, guest.qmp_path), 1)
    assert has_ink(row)
    canvas = stock.page.locator("#screen canvas")
    expect(canvas).to_have_attribute("width", str(VGA_SIZE[0]))
    stock.until_screen(lambda picture: text_row(picture, 1).tobytes() == row.tobytes(), "#screen canvas")
    assert stock.complaints == []


def test_it_is_told_that_a_link_opens_once(site: Site, stock: ConsolePage, guest: DemoGuest) -> None:
    address = site.address_of(site.service.console_url(guest.server_id))
    stock.page.goto(address)
    expect_state(stock.page, "connected")
    stock.page.goto(address)
    expect_state(stock.page, "broken")
    assert site.service.events("refused")[-1]["reason"] == "token_used"


def test_a_site_that_is_not_allowed_shows_nothing(site: Site, stock: ConsolePage, guest: DemoGuest) -> None:
    address = site.address_of(site.service.console_url(guest.server_id))
    stock.page.goto(address.replace("127.0.0.1", "localhost", 1))
    expect_state(stock.page, "broken")
    assert site.service.events("refused")[-1]["reason"] == "origin_refused"


def test_keyholes_own_page_is_addressed_as_novncs(site: Site, viewer: ConsolePage, guest: DemoGuest) -> None:
    link = site.service.console_url(guest.server_id)
    assert link.startswith(f"{site.service.url}/vnc_lite.html?path=%3Ftoken%3D")
    viewer.open(link)
