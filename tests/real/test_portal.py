"""The example portal in a real Chromium: a console in a frame of another origin, and who is not let in."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import Browser, Page, expect
from tests.fakes.waiting import until
from tests.real.guests import type_keys, until_screen
from tests.real.processes import free_port, is_free, running
from tests.real.service import DEMO, USERS, Service, guests_found_at, serving
from tools import build_frontend

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


@contextmanager
def shown_the_portal(
    page: Page, guest: DemoGuest, portal: BlockingPortal, folder: Path, *, allowed: bool
) -> Iterator[None]:
    """The example portal before a console is chosen; `allowed`: Keyhole's settings let it frame the console's page."""
    port = free_port()
    framed = f'[console]\nframe_ancestors = ["http://127.0.0.1:{port}"]\n' if allowed else ""
    with (
        serving(portal, folder, f"{framed}{USERS}{guests_found_at(guest.qmp_path)}") as service,
        running(sys.executable, PORTAL, "--port", str(port), folder=folder, environment=environment_of(service)),
    ):
        portal.call(until, lambda: not is_free(port))
        page.goto(f"http://127.0.0.1:{port}/")
        yield


def test_a_portal_shows_the_console_hears_its_state_and_types_into_it(
    page: Page, guest: DemoGuest, portal: BlockingPortal, tmp_path: Path
) -> None:
    portal.call(type_keys, guest.qmp_path, "clear\n")
    with shown_the_portal(page, guest, portal, tmp_path, allowed=True):
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
    with shown_the_portal(page, guest, portal, tmp_path, allowed=False):
        with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            page.get_by_role("button", name="shared").click()
        expect(page.locator("#state")).to_have_text("Choose a server")


def test_a_page_of_another_origin_uses_the_element_from_the_package(
    page: Page, guest: DemoGuest, portal: BlockingPortal, tmp_path: Path
) -> None:
    package, port = tmp_path / "package", free_port()
    config = ("--config", "vite.package.config.ts", "--logLevel", "warn", "--outDir", str(package))
    build_frontend.run("bundling the package", "node_modules/vite/bin/vite.js", "build", *config)
    portal.call(type_keys, guest.qmp_path, "clear\n")
    allowed = f'[console]\nallowed_origins = ["http://127.0.0.1:{port}"]\n'
    files = ("-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", package)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    with (
        serving(portal, tmp_path, f"{allowed}{USERS}{guests_found_at(guest.qmp_path)}") as service,
        running(sys.executable, *files, folder=tmp_path, name="portal"),
    ):
        token = service.console_url(guest.server_id).rpartition("%3D")[2]
        policy = f"script-src 'self'; style-src 'self'; connect-src ws://127.0.0.1:{service.port}"
        (package / "index.html").write_text(
            f'<!doctype html><html lang=en><meta http-equiv="Content-Security-Policy" content="{policy}">'
            "<title>Portal</title><link rel=icon href=data:,><script type=module src=/keyhole-console.js></script>"
            f'<body><keyhole-console base="{service.url}/" token="{token}"></keyhole-console>'
        )
        portal.call(until, lambda: not is_free(port))
        page.goto(f"http://127.0.0.1:{port}/")
        expect(page.locator("#mark")).to_have_attribute("aria-label", "Connected", timeout=20_000)
        page.locator("keyhole-console").evaluate("console => console.typeText('echo e$((6*7))\\n')")
        portal.call(until_screen, guest.qmp_path, lambda text: "e42" in text.splitlines())
    assert complaints == []
