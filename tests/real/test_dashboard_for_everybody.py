"""The dashboard for every hand, eye and language: axe in every state, keyboard alone, every language, any window."""

from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import Route, expect
from tests.real.axe import violations
from tests.real.browser import ConsolePage
from tests.real.dashboard import ADMIN, Dashboard
from tests.real.service import DEMO, SIMULATED_ID, STRANGER, USERS, Service, serving
from tests.real.targets import SERVER_IDS

pytest_plugins = ("tests.real.fixtures",)

OpenPage = Callable[..., ConsolePage]
Theme = Literal["light", "dark"]

SOME = ("web-1", "web-2", "database", "mail")
SERVERS = "[[drivers.simulated.servers]]\n" + "".join(
    f'[[drivers.simulated.servers]]\nid = "{SERVER_IDS.format(number)}"\nname = "{name}"\n'
    for number, name in enumerate(SOME)
)
LANGUAGES = {
    "en": ("Sign in", "5 servers"),
    "de-AT": ("Anmelden", "5 Server"),
    "fr": ("Se connecter", "5 serveurs"),
    "es-MX": ("Iniciar sesión", "5 servidores"),
    "ja": ("サインイン", "5 台のサーバー"),
    "zh-CN": ("登录", "5 台服务器"),
}


@pytest.fixture(scope="module")
def service(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Simulated servers."""
    with serving(portal, tmp_path_factory.mktemp("service"), f"{USERS}{ADMIN.settings}{SERVERS}") as service:
        yield service


@pytest.fixture
def dashboard(viewer: ConsolePage, service: Service) -> Dashboard:
    return Dashboard(viewer, service)


@pytest.mark.parametrize("theme", ["light", "dark"])
class TestAxeFindsNothing:
    """In every state, in both colour schemes."""

    def test_at_the_form(self, dashboard: Dashboard, theme: Theme) -> None:
        dashboard.page.emulate_media(color_scheme=theme)
        dashboard.goto()
        dashboard.page.locator("summary").click()
        assert violations(dashboard.page) == []
        dashboard.fill_in(DEMO.name, "wrong")
        expect(dashboard.page.locator(".sentence")).not_to_be_empty()
        assert violations(dashboard.page) == []
        dashboard.viewer.picture(f"form-{theme}")

    def test_at_the_table_its_dialogs_and_an_open_console(
        self, dashboard: Dashboard, open_page: OpenPage, service: Service, theme: Theme
    ) -> None:
        page = dashboard.page
        page.emulate_media(color_scheme=theme)
        other = open_page()
        other.open(service.console_url(SIMULATED_ID))
        dashboard.sign_in(ADMIN)
        expect(dashboard.sessions).to_have_count(1)
        assert violations(page) == []
        dashboard.viewer.picture(f"dashboard-{theme}")
        page.keyboard.press("ArrowDown")
        assert violations(page) == []
        dashboard.sessions.get_by_role("button").click()
        assert violations(page) == [], "about to end a console"
        for name in ("Commands for simulated", "Log: console log of simulated"):
            page.get_by_role("button", name=name).click()
            expect(page.locator("dialog[open]")).to_be_visible()
            assert violations(page) == [], name
            dashboard.viewer.picture(f"{name.partition(' ')[0].strip(':').lower()}-{theme}")
            page.keyboard.press("Escape")
        page.locator("#filter").fill("nothing has this")
        assert violations(page) == []

    def test_where_there_is_no_server(self, dashboard: Dashboard, theme: Theme) -> None:
        dashboard.page.emulate_media(color_scheme=theme)
        dashboard.sign_in(STRANGER)
        assert violations(dashboard.page) == []
        dashboard.viewer.picture(f"empty-{theme}")

    def test_where_keyhole_is_gone(self, dashboard: Dashboard, theme: Theme) -> None:
        dashboard.page.emulate_media(color_scheme=theme)
        dashboard.sign_in(DEMO)
        dashboard.page.context.set_offline(True)
        dashboard.page.locator("#refresh").click()
        expect(dashboard.page.locator(".failure")).to_be_visible()
        assert violations(dashboard.page) == []
        dashboard.viewer.picture(f"gone-{theme}")


class TestLanguages:
    @pytest.mark.parametrize("tag", LANGUAGES)
    def test_the_page_speaks_the_browsers_language(self, open_page: OpenPage, service: Service, tag: str) -> None:
        button, count = LANGUAGES[tag]
        dashboard = Dashboard(open_page(locale=tag), service)
        dashboard.goto()
        page = dashboard.page
        expect(page.locator(".sign-in button")).to_have_text(button)
        assert str(page.locator("html").get_attribute("lang")).split("-")[0] == tag.split("-")[0]
        dashboard.fill_in(ADMIN.name, ADMIN.password)
        dashboard.expect_signed_in()
        expect(dashboard.count).to_have_text(count)
        page.locator("summary").click()
        assert "{" not in page.locator("body").inner_text()
        cells = page.locator(".server .consoles, .columns span, .button")
        too_narrow = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.textContent)"
        assert cells.evaluate_all(too_narrow) == []
        dashboard.viewer.picture(f"dashboard-{tag}")
        page.locator(".consoles button").last.click()
        assert "{name}" not in page.locator("dialog[open]").inner_text()
        page.keyboard.press("Escape")

    def test_another_language_is_chosen_at_once_and_for_the_consoles_too(
        self, dashboard: Dashboard, service: Service
    ) -> None:
        dashboard.sign_in(DEMO)
        dashboard.page.locator("#language").select_option("ja")
        expect(dashboard.count).to_have_text("5 台のサーバー")
        expect(dashboard.page).to_have_title("サーバー - Keyhole")
        dashboard.page.reload()
        expect(dashboard.count).to_have_text("5 台のサーバー")
        dashboard.viewer.open(service.console_url(SIMULATED_ID))
        expect(dashboard.page.locator("#foot-line")).to_have_text("Ctrl+Alt+Shift でキーボードを解放します")

    def test_right_to_left_mirrors_the_table(self, dashboard: Dashboard) -> None:
        dashboard.sign_in(DEMO)
        dashboard.page.evaluate("document.documentElement.dir = 'rtl'")
        name, last = (dashboard.rows.first.locator(part).bounding_box() for part in (".name", ".last-opened"))
        assert name is not None
        assert last is not None
        assert last["x"] < name["x"]
        dashboard.page.keyboard.press("ArrowDown")
        dashboard.page.keyboard.press("ArrowLeft")
        expect(dashboard.rows.first.get_by_role("button").first).to_be_focused()
        dashboard.viewer.picture("right-to-left")
        assert violations(dashboard.page) == []


@pytest.mark.parametrize("size", [(320, 480), (390, 844), (3840, 2160)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_everything_fits_every_window(dashboard: Dashboard, size: tuple[int, int]) -> None:
    width, height = size
    dashboard.page.set_viewport_size({"width": width, "height": height})
    dashboard.sign_in(ADMIN)
    assert dashboard.page.evaluate("document.documentElement.scrollWidth") <= width
    first = dashboard.row("simulated")
    for button in first.get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert min(box["width"], box["height"]) >= 24, "too small a target (WCAG 2.5.8)"
    assert violations(dashboard.page) == []
    dashboard.viewer.picture(f"dashboard-{width}")


def test_a_person_with_a_keyboard_alone_reaches_everything(dashboard: Dashboard) -> None:
    page = dashboard.page
    dashboard.goto()
    dashboard.expect_form()
    page.keyboard.type(DEMO.name)
    page.keyboard.press("Tab")
    page.keyboard.type(DEMO.password)
    page.keyboard.press("Enter")
    expect(page.locator("#filter")).to_be_focused()
    page.keyboard.type("simulated")
    page.keyboard.press("ArrowDown")
    row = dashboard.row("simulated")
    expect(row).to_be_focused()
    for button in row.get_by_role("button").all():
        page.keyboard.press("ArrowRight")
        expect(button).to_be_focused()
    page.keyboard.press("Enter")  # the commands
    expect(page.locator("#commands")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#commands")).to_be_hidden()
    expect(row.get_by_role("button").last).to_be_focused()
    for _ in row.get_by_role("button").all():
        page.keyboard.press("ArrowLeft")
    expect(row).to_be_focused()
    page.keyboard.type("x")  # a letter belongs to the filter
    expect(page.locator("#filter")).to_be_focused()
    expect(page.locator("#filter")).to_have_value("simulatedx")
    page.keyboard.press("Backspace")
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#sign-out")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/*")
    dashboard.viewer.expect_connected()


def signed_in_before_the_servers(dashboard: Dashboard) -> list[Route]:
    """Where each asking for the servers is put; it is answered when the test goes on with it."""
    asked: list[Route] = []
    dashboard.page.route("**/v1/servers*", lambda route: asked.append(route))
    dashboard.goto()
    dashboard.fill_in(DEMO.name, DEMO.password)
    expect(dashboard.page.locator("#filter")).to_be_focused()
    return asked


def test_who_types_ahead_of_the_servers_is_on_them_once_they_come(dashboard: Dashboard) -> None:
    page = dashboard.page
    asked = signed_in_before_the_servers(dashboard)
    page.keyboard.type("mail")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#filter")).to_be_focused()
    assert len(asked) == 1
    asked[0].continue_()
    expect(dashboard.row("mail")).to_be_focused()


def test_who_goes_elsewhere_before_the_servers_come_stays_there(dashboard: Dashboard) -> None:
    page = dashboard.page
    asked = signed_in_before_the_servers(dashboard)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Tab")
    assert len(asked) == 1
    asked[0].continue_()
    expect(dashboard.row("mail")).to_be_visible()
    expect(page.locator("#sign-out")).to_be_focused()


def test_who_wants_forced_colours_still_sees_states(dashboard: Dashboard) -> None:
    dashboard.page.emulate_media(reduced_motion="reduce", forced_colors="active")
    dashboard.sign_in(DEMO)
    mark = dashboard.row("simulated").locator(".mark")
    assert mark.evaluate("mark => getComputedStyle(mark).forcedColorAdjust") == "none"
    dashboard.viewer.picture("forced-colours")
