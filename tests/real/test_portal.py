"""The example portal in a real Chromium: a console in a frame of another origin, and who is not let in."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import Browser, Page, expect
from tests.fakes.waiting import until
from tests.real.guests import type_keys, until_screen
from tests.real.processes import free_port, is_free, running
from tests.real.service import DEMO, USERS, Service, guests_found_at, serving

from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

PORTAL = Path(__file__).parents[2] / "examples" / "portal" / "portal.py"


def environment_of(service: Service) -> dict[str, str]:
    return {
        "OS_AUTH_URL": f"{service.url}/identity/v3",
        "OS_USERNAME": DEMO.name,
        "OS_PASSWORD": DEMO.password,
        "OS_PROJECT_NAME": DEMO.project,
    }


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context() as context:
        yield context.new_page()


def test_a_portal_shows_the_console_hears_its_state_and_types_into_it(
    page: Page, guest: DemoGuest, portal: BlockingPortal, tmp_path: Path
) -> None:
    portal.call(type_keys, guest.qmp_path, "clear\n")
    port = free_port()
    framed = f'[console]\nframe_ancestors = ["http://127.0.0.1:{port}"]\n'
    with (
        serving(portal, tmp_path, f"{framed}{USERS}{guests_found_at(guest.qmp_path)}") as service,
        running(sys.executable, PORTAL, "--port", str(port), folder=tmp_path, environment=environment_of(service)),
    ):
        portal.call(until, lambda: not is_free(port))
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_role("button", name="shared").click()
        expect(page.locator("#state")).to_have_text("shared, connected", timeout=20_000)
        page.locator("#text").fill("echo p$((6*7))")
        page.locator("#type").click()
        portal.call(until_screen, guest.qmp_path, lambda text: "echo p$((6*7))" in text)
        portal.call(type_keys, guest.qmp_path, "\n")
        portal.call(until_screen, guest.qmp_path, lambda text: "p42" in text.splitlines())
        page.frame_locator("#console").locator("#more").click()
        page.frame_locator("#console").locator("#close-console").click()
        expect(page.locator("#state")).to_have_text("shared, ended, viewer_closed")


def test_a_portal_that_is_not_allowed_gets_an_empty_frame(
    page: Page, guest: DemoGuest, portal: BlockingPortal, tmp_path: Path
) -> None:
    port = free_port()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    with (
        serving(portal, tmp_path, f"{USERS}{guests_found_at(guest.qmp_path)}") as service,
        running(sys.executable, PORTAL, "--port", str(port), folder=tmp_path, environment=environment_of(service)),
    ):
        portal.call(until, lambda: not is_free(port))
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_role("button", name="shared").click()
        page.wait_for_event("console", lambda message: "frame-ancestors" in message.text)
        expect(page.locator("#state")).to_have_text("Choose a server")
