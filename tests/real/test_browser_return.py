"""A lost console reconnects automatically, whether the service, server or network failed, and after a reload."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import expect
from tests.fakes.line import Line
from tests.fakes.waiting import until
from tests.real.axe import violations
from tests.real.browser import ConsolePage
from tests.real.guests import type_keys, until_screen
from tests.real.pictures import simulated_lines
from tests.real.processes import free_port
from tests.real.service import SIMULATED, SIMULATED_ID, USERS, Service, guests_found_at, serving
from tests.real.targets import SERVER_IDS, bare_qemu, static_server, switch_off

from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

OpenPage = Callable[..., ConsolePage]

SESSION_PAGE = re.compile(r".*/c/[0-9a-f]{32}$")


def expect_lost(viewer: ConsolePage, reason: str) -> None:
    """Waits until the page says that it is reconnecting, and shows the last picture."""
    viewer.page.locator(f"html[data-state=reconnecting][data-reason={reason}]").wait_for(state="attached")
    expect(viewer.page.locator("#card-title")).to_have_text("Connection lost. Reconnecting…")
    assert viewer.drawn_size > (0, 0)


def expect_back(viewer: ConsolePage) -> None:
    viewer.page.locator("html[data-state=connected]").wait_for(state="attached", timeout=40_000)


def test_the_token_leaves_the_address_and_a_reload_comes_back(
    viewer: ConsolePage, open_page: OpenPage, service: Service, guest: DemoGuest, portal: BlockingPortal
) -> None:
    portal.call(type_keys, guest.qmp_path, "clear\n")
    viewer.open(service.console_url(guest.server_id))
    expect(viewer.page).to_have_url(SESSION_PAGE)
    viewer.page.reload()
    viewer.expect_connected()
    viewer.type("echo r$((6*7))\n")
    portal.call(until_screen, guest.qmp_path, lambda text: "r42" in text.splitlines())

    stranger = open_page()  # another browser: the address alone opens nothing
    stranger.page.goto(viewer.page.url)
    stranger.page.locator("html[data-state=ended][data-reason=ticket_unknown]").wait_for(state="attached")


def test_two_tabs_hold_two_consoles_and_do_not_mix(viewer: ConsolePage, service: Service, guest: DemoGuest) -> None:
    viewer.open(service.console_url(guest.server_id))
    expect(viewer.page).to_have_url(SESSION_PAGE)
    second = viewer.page.context.new_page()
    second.goto(service.console_url(SIMULATED_ID))
    second.locator("html[data-state=connected]").wait_for(state="attached")
    for page, name in ((viewer.page, "shared"), (second, "simulated")):
        page.reload()
        page.locator("html[data-state=connected]").wait_for(state="attached")
        expect(page.locator("#server-name")).to_have_text(name)
    assert second.url != viewer.page.url


def test_the_same_console_in_a_second_tab_takes_it_over_and_can_give_it_back(
    viewer: ConsolePage, service: Service
) -> None:
    viewer.open(service.console_url(SIMULATED_ID))
    expect(viewer.page).to_have_url(SESSION_PAGE)
    second = viewer.page.context.new_page()
    second.goto(viewer.page.url)
    second.locator("html[data-state=connected]").wait_for(state="attached")
    viewer.page.locator("html[data-state=ended][data-reason=viewer_replaced]").wait_for(state="attached")
    viewer.page.locator("#card-again").click()
    viewer.expect_connected()
    second.locator("html[data-state=ended][data-reason=viewer_replaced]").wait_for(state="attached")


def test_a_service_that_is_restarted_is_waited_for(
    viewer: ConsolePage, guest: DemoGuest, portal: BlockingPortal, tmp_path: Path
) -> None:
    portal.call(type_keys, guest.qmp_path, "clear\n")
    settings = f"{USERS}{SIMULATED}{guests_found_at(guest.qmp_path)}"
    port = free_port()
    with ExitStack() as stack:
        first = stack.enter_context(serving(portal, tmp_path, settings, port=port))
        viewer.open(first.console_url(guest.server_id))
        viewer.page.keyboard.down("Control")  # held while the line breaks
        first.running.end()
        expect_lost(viewer, "restarting")
        viewer.picture("reconnecting")
        assert violations(viewer.page) == []
        expect(viewer.page.locator("#card-progress")).to_have_text(re.compile(r"[Aa]ttempt \(?\d+"))
        stack.enter_context(serving(portal, tmp_path, settings, port=port))
        expect_back(viewer)
        viewer.page.keyboard.up("Control")
        expect(viewer.page.locator("#card")).to_be_hidden()
        viewer.page.locator("#screen").click()
        viewer.type("echo b$((6*7))\n")  # Ctrl is not held for the guest any more
        portal.call(until_screen, guest.qmp_path, lambda text: "b42" in text.splitlines())


def test_a_server_that_is_switched_off_is_waited_for_until_the_person_stops(
    viewer: ConsolePage, portal: BlockingPortal, tmp_path: Path
) -> None:
    settings = USERS + static_server(0, "vm", f"unix:{tmp_path / 'vnc'}")
    with ExitStack() as stack:
        _, control = stack.enter_context(bare_qemu(portal, tmp_path))
        service = stack.enter_context(serving(portal, tmp_path, settings))
        viewer.open(service.console_url(SERVER_IDS.format(0)))
        portal.call(switch_off, control)
        viewer.page.locator("html[data-state=reconnecting]").wait_for(state="attached")
        stack.enter_context(bare_qemu(portal, tmp_path))
        expect_back(viewer)
        portal.call(switch_off, control)
        viewer.page.locator("html[data-state=reconnecting]").wait_for(state="attached")
        viewer.page.locator("#card-stop").click()
        viewer.expect_ended("viewer_lost", "Connection lost")
        expect(viewer.page.locator("#card-again")).to_be_visible()


@contextmanager
def behind_a_line(portal: BlockingPortal, folder: Path) -> Iterator[tuple[Service, Line]]:
    """A service that is reached through a connection which can be cut."""
    outer, inner, line = free_port(), free_port(), Line()
    server = {"public_url": f"http://127.0.0.1:{outer}"}
    with serving(portal, folder, f"{USERS}{SIMULATED}", server=server, port=inner) as service:
        portal.call(line.lay, outer, inner)
        try:
            yield service, line
        finally:
            portal.call(line.remove)


def expect_to_work(viewer: ConsolePage) -> None:
    """Waits until the simulated guest is shown again, and has it evaluate an expression."""
    expect_back(viewer)
    viewer.type("clear\ncalc 6*7\n")
    viewer.until_screen(lambda picture: simulated_lines(picture)[:2] == ["simulated$ calc 6*7", "42"])


def test_a_line_that_is_cut_comes_back(viewer: ConsolePage, portal: BlockingPortal, tmp_path: Path) -> None:
    with behind_a_line(portal, tmp_path) as (service, line):
        viewer.open(service.console_url(SIMULATED_ID))
        viewer.note_states()
        portal.call(line.cut)
        viewer.page.wait_for_function("states.includes('reconnecting')")
        expect_to_work(viewer)


def test_a_line_that_breaks_while_the_page_is_frozen_comes_back(
    viewer: ConsolePage, portal: BlockingPortal, tmp_path: Path
) -> None:
    with behind_a_line(portal, tmp_path) as (service, line):
        viewer.open(service.console_url(SIMULATED_ID))
        viewer.note_states()
        devtools = viewer.page.context.new_cdp_session(viewer.page)
        devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
        portal.call(line.cut)
        portal.call(until, lambda: service.events("console.closed"))
        devtools.send("Page.setWebLifecycleState", {"state": "active"})
        viewer.page.wait_for_function("states.includes('reconnecting')")
        expect_to_work(viewer)


def test_after_a_sleep_the_line_is_not_trusted(viewer: ConsolePage, service: Service) -> None:
    viewer.page.clock.install()
    viewer.open(service.console_url(SIMULATED_ID))
    viewer.note_states()
    viewer.page.clock.fast_forward("05:00")  # as a lid that was closed
    viewer.page.wait_for_function("states.includes('reconnecting')")
    expect_to_work(viewer)


def test_after_another_network_the_console_is_opened_anew(viewer: ConsolePage, service: Service) -> None:
    viewer.open(service.console_url(SIMULATED_ID))
    viewer.note_states()
    viewer.page.context.set_offline(True)
    viewer.page.context.set_offline(False)
    viewer.page.wait_for_function("states.includes('reconnecting')")
    expect_back(viewer)


def test_a_console_that_was_closed_is_not_come_back_to(viewer: ConsolePage, service: Service) -> None:
    viewer.open(service.console_url(SIMULATED_ID))
    expect(viewer.page).to_have_url(SESSION_PAGE)
    viewer.page.locator("#more").click()
    with viewer.page.expect_response(lambda answer: answer.request.method == "DELETE") as ended:
        viewer.page.locator("#close-console").click()
    assert ended.value.status == 204
    viewer.expect_ended("viewer_closed", "Console closed")
    viewer.page.reload()
    viewer.page.locator("html[data-state=ended]").wait_for(state="attached")


@pytest.mark.parametrize(
    ("setting", "reason"), [("idle_seconds = 1", "idle_limit"), ("maximum_seconds = 1", "time_limit")]
)
def test_a_limit_that_is_reached_is_final(
    viewer: ConsolePage, portal: BlockingPortal, tmp_path: Path, setting: str, reason: str
) -> None:
    with serving(portal, tmp_path, f"[sessions]\n{setting}\n{USERS}{SIMULATED}") as service:
        viewer.open(service.console_url(SIMULATED_ID))
        viewer.page.locator(f"html[data-state=ended][data-reason={reason}]").wait_for(state="attached")
