"""View-only viewers: the page says so in icons and words, and nothing that is typed reaches the server."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import expect
from tests.fakes.waiting import until
from tests.real.axe import violations
from tests.real.browser import ConsolePage
from tests.real.guests import screen, type_keys, until_screen
from tests.real.service import USERS, Service, guests_found_at, serving

from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

NOT_SENT = "View only: your keyboard and mouse are not sent."


@dataclass(frozen=True)
class Watched:
    """A service whose links are for watching. No call makes such links yet; its store is told instead."""

    service: Service
    store: Path

    def only_to_watch(self, url: str) -> str:
        """Makes the link view-only."""
        with closing(sqlite3.connect(self.store)) as store, store:
            changed = store.execute("UPDATE grants SET rights = 'watch' WHERE redeemed_at IS NULL").rowcount
        assert changed == 1
        return url


@pytest.fixture(scope="module")
def watched(portal: BlockingPortal, guest: DemoGuest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    with serving(portal, folder, f"{USERS}{guests_found_at(guest.qmp_path)}") as service:
        yield Watched(service, folder / "keyhole.db")


def let_the_page_send(viewer: ConsolePage) -> None:
    """Makes the page send typed input, as a manipulated page would."""
    viewer.page.evaluate("document.querySelector('keyhole-console').screen.setWatching(false)")


def close_and_count(viewer: ConsolePage, watched: Watched, portal: BlockingPortal) -> int:
    """Closes the console; returns how many bytes of the viewer's were passed on to the server."""
    before = len(watched.service.events("console.closed"))
    viewer.page.locator("#more").click()
    viewer.page.locator("#close-console").click()
    (closed,) = portal.call(until, lambda: watched.service.events("console.closed")[before:])
    return int(closed["to_target_bytes"])


def test_a_watcher_is_told_and_nothing_that_is_typed_or_pasted_reaches_the_guest(
    viewer: ConsolePage, watched: Watched, guest: DemoGuest, portal: BlockingPortal
) -> None:
    portal.call(type_keys, guest.qmp_path, "clear\n")
    portal.call(until_screen, guest.qmp_path, lambda text: text == "shared:~#")
    page = viewer.page
    viewer.open(watched.only_to_watch(watched.service.console_url(guest.server_id)))
    expect(page.locator("#watching")).to_have_text("View only")
    expect(page.locator("#watching")).to_have_attribute("title", NOT_SENT)
    expect(page.locator("#spoken")).to_have_text(
        "Connected to shared, 720 by 400. View only: your keyboard and mouse are not sent."
    )
    expect(page.locator("#screen")).to_have_attribute("aria-label", "Screen of shared. View only.")
    expect(page.locator("#bar .hint")).to_have_text(NOT_SENT)
    for name in ("keys", "paste"):
        expect(page.locator(f"#{name}")).to_be_disabled()
    viewer.picture("watching")
    assert violations(page) == []
    assert page.evaluate("document.querySelector('keyhole-console').typeText('typed')") == 0
    assert page.evaluate("document.querySelector('keyhole-console').sendKeys('Ctrl+Alt+Del')") is False

    for hold_back in (True, False):
        if not hold_back:
            let_the_page_send(viewer)
        page.locator("#screen").click()
        viewer.type("reboot\n")
    page.evaluate("document.querySelector('keyhole-console').screen.sendClipboard('copied')")
    portal.call(type_keys, guest.qmp_path, "echo w$((6*7))\n")
    # What is drawn goes on coming.
    portal.call(until_screen, guest.qmp_path, lambda text: "w42" in text.splitlines())
    close_and_count(viewer, watched, portal)
    assert portal.call(screen, guest.qmp_path) == "shared:~# echo w$((6*7))\nw42\nshared:~#"


def test_a_watcher_of_a_serial_console_reads_along(
    viewer: ConsolePage, watched: Watched, guest: DemoGuest, portal: BlockingPortal
) -> None:
    page = viewer.page
    viewer.open(watched.only_to_watch(watched.service.serial_page(guest.server_id)))
    expect(page.locator("#watching")).to_have_text("View only")
    expect(page.locator("#spoken")).to_contain_text("View only: your keyboard and mouse are not sent.")
    portal.call(type_keys, guest.qmp_path, "echo seen >/dev/ttyS0\n")
    expect(page.locator(".xterm-rows")).to_contain_text("seen")
    viewer.picture("watching")
    page.keyboard.type("held back")
    let_the_page_send(viewer)
    page.keyboard.type("sent")
    assert close_and_count(viewer, watched, portal) == 0
