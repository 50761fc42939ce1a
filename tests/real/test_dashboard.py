"""The dashboard against a running service and a real guest: from sign-in to a console, and what ends it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import Route, expect
from tests.real.axe import violations
from tests.real.browser import ConsolePage
from tests.real.dashboard import ADMIN, Dashboard
from tests.real.guests import type_keys, until_screen
from tests.real.processes import free_port
from tests.real.service import (
    DEMO,
    SIMULATED,
    SIMULATED_ID,
    STRANGER,
    USERS,
    WATCHER,
    Service,
    guests_found_at,
    serving,
)
from tests.real.targets import static_server

from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

OpenPage = Callable[..., ConsolePage]

ELSEWHERE = """
[[servers]]
id = "elsewhere"
name = "elsewhere"
project = "nobodys"
vnc = { url = "tcp://127.0.0.1:9" }
"""
MANY = 10_000
MOST_ROWS_DRAWN = 60
FILTER_SECONDS = 1.0
"""Far more than a filter takes, far less than a person would notice on a slow machine."""


PROBLEMS: dict[str, object] = {
    "ready": True,
    "parts": {"store": 1, "identity": 0, "drivers": {"static": 2}},
    "problems": [
        {"part": "static", "sentence": "Server vm0 refuses the connection."},
        {"part": "static", "sentence": "Server vm1 refuses the connection."},
        {"part": "store", "sentence": "The disk is full."},
    ],
}
"""What /readyz answers to an admin."""


def health_waits(dashboard: Dashboard) -> list[Route]:
    """From now on /readyz is answered when the test says so; the requests for it so far."""
    asked: list[Route] = []
    dashboard.page.route("**/readyz", lambda route: asked.append(route))
    return asked


def tell_health(asked: list[Route], answer: dict[str, object]) -> None:
    assert len(asked) == 1
    assert asked[0].request.headers["x-keyhole-page"] == "1"  # without it the sign-in does not count
    asked[0].fulfill(json=answer)


@pytest.fixture(scope="module")
def service(portal: BlockingPortal, guest: DemoGuest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The shared real guest and a simulated one, a server of another project, and an admin."""
    settings = f"{USERS}{ADMIN.settings}{SIMULATED}{guests_found_at(guest.qmp_path)}{ELSEWHERE}"
    with serving(portal, tmp_path_factory.mktemp("service"), settings) as service:
        yield service


@pytest.fixture
def dashboard(viewer: ConsolePage, service: Service) -> Dashboard:
    return Dashboard(viewer, service)


class TestSigningIn:
    def test_a_wrong_password_is_said_and_the_right_one_opens(self, dashboard: Dashboard) -> None:
        dashboard.goto()
        dashboard.expect_form()
        dashboard.fill_in(DEMO.name, "wrong")
        expect(dashboard.page.locator(".sentence")).to_have_text("Wrong user name, password or project.")
        dashboard.fill_in(DEMO.name, DEMO.password, DEMO.project)
        dashboard.expect_signed_in()
        expect(dashboard.page.locator(".person")).to_contain_text("demo, project demo")
        dashboard.page.reload()
        dashboard.expect_signed_in()
        assert dashboard.page.evaluate("document.cookie") == ""

    def test_who_fails_too_often_is_told_how_long_to_wait(
        self, viewer: ConsolePage, portal: BlockingPortal, tmp_path: Path
    ) -> None:
        with serving(portal, tmp_path, f"{USERS}{SIMULATED}") as service:
            dashboard = Dashboard(viewer, service)
            dashboard.goto()
            sentence = dashboard.page.locator(".sentence")
            for _ in range(6):
                dashboard.fill_in(DEMO.name, "wrong")
                expect(dashboard.page.locator(".sign-in button")).to_have_text("Sign in")
            expect(sentence).to_have_text(re.compile(r"Too many failed sign-ins\. Wait \d+ seconds?, then try again\."))

    def test_signing_out_leaves_nothing_behind(self, dashboard: Dashboard) -> None:
        dashboard.sign_in(DEMO)
        dashboard.page.locator("#sign-out").click()
        dashboard.expect_form()
        dashboard.page.reload()
        dashboard.expect_form()

    def test_a_sign_in_that_was_revoked_comes_back_to_the_form(self, dashboard: Dashboard, service: Service) -> None:
        dashboard.sign_in(DEMO)
        cookies = {cookie["name"]: cookie["value"] for cookie in dashboard.page.context.cookies()}
        page = {"X-Keyhole-Page": "1", "Origin": service.url}
        with httpx.Client(base_url=service.url, cookies=cookies, headers=page, trust_env=False) as http:
            assert http.post("/v1/sign-out").status_code == 204
        dashboard.page.locator("#refresh").click()
        dashboard.expect_form("Your session has expired. Please sign in again.")


class TestTheTable:
    def test_a_project_sees_its_own_servers_and_an_admin_those_of_every_project(
        self, dashboard: Dashboard, service: Service, open_page: OpenPage
    ) -> None:
        dashboard.sign_in(DEMO)
        expect(dashboard.count).to_have_text("2 servers")
        expect(dashboard.page.locator("#every-project")).to_have_count(0)
        expect(dashboard.page.locator(".columns")).not_to_contain_text("Host")
        expect(dashboard.rows.first.get_by_role("gridcell")).to_have_count(5)
        admin = Dashboard(open_page(), service)
        admin.sign_in(ADMIN)
        expect(admin.count).to_have_text("2 servers")
        admin.page.locator("#every-project").check()
        expect(admin.count).to_have_text("3 servers")
        expect(admin.row("elsewhere").locator(".project")).to_have_text("nobodys")
        expect(admin.page.locator(".columns")).to_contain_text("Host")
        expect(admin.row("elsewhere").get_by_role("gridcell")).to_have_count(6)
        admin.page.locator("#every-project").uncheck()
        expect(admin.count).to_have_text("2 servers")

    def test_a_project_without_servers_is_told_how_to_add_one(self, dashboard: Dashboard) -> None:
        dashboard.sign_in(STRANGER)
        expect(dashboard.page.locator(".empty")).to_contain_text("No servers in this project")
        expect(dashboard.page.locator(".empty")).to_contain_text('project = "other"')
        expect(dashboard.count).to_have_text("0 servers")
        assert "shared" not in dashboard.page.content()

    def test_a_reader_sees_servers_and_no_buttons(self, dashboard: Dashboard) -> None:
        dashboard.sign_in(WATCHER)
        expect(dashboard.count).to_have_text("2 servers")
        expect(dashboard.rows.locator("button")).to_have_count(0)
        dashboard.page.keyboard.press("Enter")
        expect(dashboard.spoken).to_have_text("Your role (reader) does not allow opening consoles.")

    def test_the_filter_answers_while_one_types(self, dashboard: Dashboard) -> None:
        dashboard.sign_in(DEMO)
        expect(dashboard.page.locator("#filter")).to_be_focused()
        dashboard.page.keyboard.type("SHAR")
        expect(dashboard.rows).to_have_count(1)
        expect(dashboard.count).to_have_text("1 of 2 servers")
        dashboard.page.keyboard.type("x")
        expect(dashboard.page.locator(".servers")).to_contain_text("No servers match “SHARx”.")

    def test_an_admin_sees_problems_in_one_line_that_moves_nothing(self, dashboard: Dashboard) -> None:
        waiting = health_waits(dashboard)
        dashboard.sign_in(ADMIN)
        expect(dashboard.rows).to_have_count(2)
        page, first = dashboard.page, dashboard.rows.first
        before = first.bounding_box()
        assert before is not None
        tell_health(waiting, PROBLEMS)
        health = page.locator(".health")
        expect(health).to_contain_text("3 problems")
        expect(health).to_contain_text("Configured servers: Server vm0 refuses the connection.")
        expect(health).not_to_contain_text("vm1")
        assert first.bounding_box() == before
        themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for theme in themes:
            page.emulate_media(color_scheme=theme)
            assert violations(page) == []
        dashboard.viewer.picture("problems-line")
        health.get_by_role("button").click()
        listed = page.locator("#problems li")
        expect(listed).to_have_text(
            [
                "Configured servers: Server vm0 refuses the connection.",
                "Configured servers: Server vm1 refuses the connection.",
                "Database: The disk is full.",
            ]
        )
        assert violations(page) == []
        dashboard.viewer.picture("problems")
        page.keyboard.press("Escape")
        expect(page.locator("#problems")).to_be_hidden()

    def test_a_long_list_of_problems_is_cut(self, dashboard: Dashboard) -> None:
        waiting = health_waits(dashboard)
        many = [{"part": "static", "sentence": f"Server {number} does not answer."} for number in range(3_000)]
        dashboard.sign_in(ADMIN)
        tell_health(waiting, PROBLEMS | {"problems": many})
        dashboard.page.locator(".health").get_by_role("button").click()
        expect(dashboard.page.locator("#problems li")).to_have_count(200)
        expect(dashboard.page.locator("#problems")).to_contain_text("and 2,800 more")

    @pytest.mark.parametrize("ready", [True, False])
    def test_others_hear_of_no_server_and_no_address(self, dashboard: Dashboard, ready: bool) -> None:
        waiting = health_waits(dashboard)
        dashboard.sign_in(DEMO)
        with dashboard.page.expect_response("**/readyz"):
            tell_health(waiting, {**PROBLEMS, "ready": ready})
        told = "" if ready else "Keyhole is not fully available at the moment."
        expect(dashboard.page.locator(".health")).to_have_text(told)
        assert "vm0" not in dashboard.page.content()

    def test_a_keyhole_that_is_gone_is_said_and_come_back_to(
        self, viewer: ConsolePage, portal: BlockingPortal, tmp_path: Path
    ) -> None:
        port = free_port()
        with serving(portal, tmp_path, f"{USERS}{SIMULATED}", port=port) as service:
            dashboard = Dashboard(viewer, service)
            dashboard.sign_in(DEMO)
        dashboard.page.locator("#refresh").click()
        expect(dashboard.page.locator(".failure")).to_contain_text("Keyhole could not be reached.")
        expect(dashboard.rows).to_have_count(1)  # what was known stays
        with serving(portal, tmp_path, f"{USERS}{SIMULATED}", port=port):
            dashboard.page.get_by_role("button", name="Try again").click()
            expect(dashboard.page.locator(".failure")).to_have_count(0)
            dashboard.expect_signed_in()
            viewer.picture("back")


class TestConsoles:
    def test_enter_opens_the_guests_screen_in_this_tab(
        self, dashboard: Dashboard, guest: DemoGuest, portal: BlockingPortal
    ) -> None:
        portal.call(type_keys, guest.qmp_path, "clear\n")
        dashboard.sign_in(DEMO)
        dashboard.page.keyboard.type("shared")
        dashboard.page.keyboard.press("ArrowDown")
        expect(dashboard.row("shared")).to_be_focused()
        dashboard.page.keyboard.press("Enter")
        dashboard.page.wait_for_url("**/c/*")
        dashboard.viewer.expect_connected()
        dashboard.viewer.type("echo d$((6*7))\n")
        portal.call(until_screen, guest.qmp_path, lambda text: "d42" in text.splitlines())
        dashboard.page.go_back()
        dashboard.expect_signed_in()
        expect(dashboard.row("shared").locator(".last-opened")).to_contain_text("demo,")

    def test_shift_enter_opens_it_in_its_own_window(self, dashboard: Dashboard) -> None:
        dashboard.sign_in(DEMO)
        dashboard.page.keyboard.type("shared")
        with dashboard.page.expect_popup() as popup:
            dashboard.page.keyboard.press("Shift+Enter")
        expect(popup.value.locator("html[data-state=connected]")).to_be_attached(timeout=20_000)
        assert popup.value.evaluate("window.opener") is None
        expect(dashboard.spoken).to_have_text("The console of shared opens in a new window.")
        popup.value.close()
        expect(dashboard.spoken).to_have_text("")

    def test_the_serial_button_opens_a_terminal(self, dashboard: Dashboard) -> None:
        dashboard.sign_in(DEMO)
        dashboard.page.get_by_role("button", name="Open the Serial console of shared").click()
        dashboard.page.wait_for_url("**/c/*")
        dashboard.viewer.expect_connected()
        dashboard.page.keyboard.press("Enter")
        expect(dashboard.page.locator(".xterm-rows")).to_contain_text("login:", timeout=20_000)

    def test_an_open_console_is_shown_and_ended(
        self, dashboard: Dashboard, open_page: OpenPage, service: Service
    ) -> None:
        other = open_page()
        other.open(service.console_url(SIMULATED_ID))
        dashboard.sign_in(DEMO)
        session = dashboard.sessions.filter(has_text="simulated")
        expect(session).to_have_count(1)
        end = session.get_by_role("button")
        end.click()
        expect(end).to_have_text("Disconnect now?")
        dashboard.viewer.picture("about-to-end")
        end.click()
        expect(dashboard.spoken).to_have_text("The console of simulated was disconnected.")
        expect(session).to_have_count(0)
        other.page.locator("html[data-state=ended]").wait_for(state="attached")
        assert other.page.locator("html").get_attribute("data-reason") == "killed"

    def test_a_console_that_is_refused_says_why(self, dashboard: Dashboard, portal: BlockingPortal) -> None:
        dashboard.sign_in(DEMO)
        dashboard.page.context.set_offline(True)
        dashboard.page.keyboard.press("Enter")
        expect(dashboard.spoken).to_contain_text("Keyhole could not be reached.")
        dashboard.page.context.set_offline(False)


class TestTheLogAndTheCommands:
    def test_the_log_is_searched_and_followed(
        self, dashboard: Dashboard, guest: DemoGuest, portal: BlockingPortal
    ) -> None:
        dashboard.sign_in(DEMO)
        dashboard.page.get_by_role("button", name="Log: console log of shared").click()
        lines = dashboard.page.locator("#log-lines")
        expect(lines).to_contain_text("Linux version")
        assert lines.evaluate("lines => lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 4")
        search = dashboard.page.get_by_role("searchbox", name="Search the log")
        search.fill("linux VERSION")
        expect(lines.locator("mark").first).to_have_text("Linux version")
        expect(dashboard.page.locator("#log")).to_contain_text("line")
        dashboard.viewer.picture("log")
        search.fill("followed-mark")
        expect(lines.locator("mark")).to_have_count(0)
        portal.call(type_keys, guest.qmp_path, "echo followed-mark > /dev/ttyS0\n")
        expect(lines.locator("mark")).to_have_count(1, timeout=10_000)
        dashboard.page.keyboard.press("Escape")  # empties the search
        dashboard.page.keyboard.press("Escape")
        expect(dashboard.page.locator("#log")).to_be_hidden()

    def test_a_command_is_copied(self, dashboard: Dashboard, guest: DemoGuest) -> None:
        dashboard.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        dashboard.sign_in(DEMO)
        dashboard.page.get_by_role("button", name="Commands for shared").click()
        dashboard.page.get_by_role("button", name="Copy the command for openstack").click()
        expect(dashboard.spoken).to_have_text("Copied")
        copied = dashboard.page.evaluate("navigator.clipboard.readText()")
        assert copied == f"openstack console url show --novnc {guest.server_id}"
        dashboard.viewer.picture("commands")


@pytest.fixture(scope="module")
def crowded(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    servers = "".join(static_server(n, f"vm-{n:05d}", "unix:/nowhere") for n in range(MANY))
    with serving(portal, tmp_path_factory.mktemp("crowded"), f"{USERS}{servers}") as service:
        yield service


def test_ten_thousand_servers_scroll_and_filter_at_once(viewer: ConsolePage, crowded: Service) -> None:
    dashboard = Dashboard(viewer, crowded)
    dashboard.sign_in(DEMO)
    expect(dashboard.count).to_have_text("10,000 servers", timeout=60_000)
    assert dashboard.rows.count() <= MOST_ROWS_DRAWN

    dashboard.page.keyboard.press("ArrowDown")
    dashboard.page.keyboard.press("End")
    expect(dashboard.row("vm-09999")).to_be_focused()
    dashboard.page.keyboard.press("PageUp")
    dashboard.page.keyboard.press("Home")
    expect(dashboard.row("vm-00000")).to_be_focused()
    for share in (0.25, 0.5, 0.75):
        dashboard.page.locator("#rows").evaluate("(rows, share) => rows.scrollTop = rows.scrollHeight * share", share)
        expect(dashboard.row(f"vm-{int(MANY * share):05d}")).to_be_visible()
        assert dashboard.rows.count() <= MOST_ROWS_DRAWN

    seconds = dashboard.page.evaluate(
        """async () => {
          const filter = document.getElementById("filter"), start = performance.now();
          filter.value = "vm-0 77";
          filter.dispatchEvent(new Event("input", {bubbles: true}));
          await document.querySelector("keyhole-dashboard").updateComplete;
          document.body.getBoundingClientRect();
          return (performance.now() - start) / 1000;
        }"""
    )
    expect(dashboard.count).to_have_text(re.compile(r"\d+ of 10,000 servers"))
    assert seconds < FILTER_SECONDS, f"the filter took {seconds:.2f} s"
    expect(dashboard.rows.first).to_contain_text("77")
    viewer.picture("crowded")
