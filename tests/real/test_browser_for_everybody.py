"""The console page for every hand, eye and language: axe in every state, keyboard alone, touch, any window."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import Browser, ViewportSize, expect
from tests.real.axe import violations
from tests.real.browser import ConsolePage
from tests.real.guests import type_keys, until_screen
from tests.real.service import SIMULATED_ID, Service

from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

OpenPage = Callable[..., ConsolePage]

PANELS = ("keys", "paste", "view", "more")
LANGUAGES = {
    "en": "Press Ctrl+Alt+Shift to release the keyboard",
    "de-AT": "Strg+Alt+Umschalt gibt die Tastatur frei",
    "fr": "Ctrl+Alt+Maj pour libérer le clavier",
    "es-MX": "Pulse Ctrl+Alt+Mayús para liberar el teclado",
    "ja": "Ctrl+Alt+Shift でキーボードを解放します",
    "zh-CN": "按 Ctrl+Alt+Shift 释放键盘",
}
SMALLEST, LARGEST = (320, 480), (3840, 2160)


@pytest.mark.parametrize("theme", ["dark", "light"])
class TestAxeFindsNothing:
    """In every state, in both colour schemes."""

    def test_while_a_console_is_open_and_in_its_panels(self, open_page: OpenPage, service: Service, theme: str) -> None:
        viewer = open_page()
        viewer.prefer(theme=theme)
        viewer.open(service.console_url(SIMULATED_ID))
        assert violations(viewer.page) == []
        for name in PANELS:
            viewer.page.locator(f"#{name}").click()
            assert violations(viewer.page) == [], name
            viewer.picture(f"{name}-{theme}")
            viewer.page.keyboard.press("Escape")

    def test_once_it_has_ended(self, open_page: OpenPage, service: Service, theme: str) -> None:
        viewer = open_page()
        viewer.prefer(theme=theme)
        viewer.page.goto(f"{service.url}/vnc_lite.html?token=nonsense")
        viewer.expect_ended("token_unknown", "This link is no longer valid")
        viewer.picture(f"ended-{theme}")
        assert violations(viewer.page) == []

    def test_on_a_terminal_that_is_searched(self, open_page: OpenPage, service: Service, theme: str) -> None:
        viewer = open_page()
        viewer.prefer(theme=theme, readAloud=True)
        viewer.open(service.serial_page(SIMULATED_ID))
        viewer.page.keyboard.press("Control+Shift+F")
        expect(viewer.page.locator("#find")).to_be_focused()
        viewer.picture(f"serial-{theme}")
        assert violations(viewer.page) == []


class TestLanguages:
    @pytest.mark.parametrize("tag", LANGUAGES)
    def test_the_page_speaks_the_browsers_language(self, open_page: OpenPage, service: Service, tag: str) -> None:
        viewer = open_page(locale=tag)
        viewer.open(service.console_url(SIMULATED_ID))
        expect(viewer.page.locator("#foot-line")).to_have_text(LANGUAGES[tag])
        assert str(viewer.page.locator("html").get_attribute("lang")).split("-")[0] == tag.split("-")[0]
        for name in PANELS:
            viewer.page.locator(f"#{name}").click()
            panel = viewer.page.locator(f"#{name}-panel")
            assert "{" not in panel.inner_text()
            assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth"), f"{name} is too narrow for {tag}"
            viewer.picture(f"{name}-{tag}")
            viewer.page.keyboard.press("Escape")

    def test_another_language_is_chosen_at_once(self, viewer: ConsolePage, service: Service) -> None:
        viewer.open(service.console_url(SIMULATED_ID))
        viewer.page.locator("#view").click()
        viewer.page.locator("#language").select_option("ja")
        expect(viewer.page.locator("#view-title")).to_have_text("表示")
        viewer.page.keyboard.press("Escape")

    def test_right_to_left_mirrors_the_bar(self, viewer: ConsolePage, service: Service) -> None:
        viewer.open(service.console_url(SIMULATED_ID))
        viewer.page.evaluate("document.documentElement.dir = 'rtl'")
        name, more = (viewer.page.locator(part).bounding_box() for part in ("#server-name", "#more"))
        assert name is not None
        assert more is not None
        assert more["x"] < name["x"]
        viewer.page.locator("#more").click()
        panel = viewer.page.locator("#more-panel").bounding_box()
        assert panel is not None
        assert panel["x"] < 100
        viewer.picture("right-to-left")
        assert violations(viewer.page) == []


@pytest.mark.parametrize("size", [SMALLEST, (390, 844), LARGEST], ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_button_fits_every_window(viewer: ConsolePage, service: Service, size: tuple[int, int]) -> None:
    width, height = size
    viewer.page.set_viewport_size({"width": width, "height": height})
    viewer.open(service.console_url(SIMULATED_ID))
    for name in (*PANELS, "screenshot", "full-screen"):
        box = viewer.page.locator(f"#{name}").bounding_box()
        assert box is not None, name
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= width, name
        assert min(box["width"], box["height"]) >= 24, f"{name} is too small a target (WCAG 2.5.8)"
    assert viewer.page.evaluate("document.documentElement.scrollWidth") <= width
    viewer.page.locator("#keys").click()
    panel = viewer.page.locator("#keys-panel").bounding_box()
    assert panel is not None
    assert panel["x"] >= 0
    assert panel["x"] + panel["width"] <= width
    viewer.picture(f"keys-{width}")


def test_a_person_with_a_keyboard_alone_reaches_everything(
    viewer: ConsolePage, service: Service, guest: DemoGuest, portal: BlockingPortal
) -> None:
    """The walk that docs/reference/keyboard.md describes, step by step."""
    portal.call(type_keys, guest.qmp_path, "clear\n")
    page = viewer.page
    viewer.open(service.console_url(guest.server_id))
    expect(page.locator("#screen")).to_be_focused()
    expect(page.locator("#spoken")).to_have_text("Connected to shared, 720 by 400")
    viewer.press_together("Control", "Alt", "Shift")
    expect(page.locator("#keys")).to_be_focused()
    expect(page.locator("#spoken")).to_contain_text("Toolbar. Press Tab")
    for name in ("paste", "view", "screenshot", "full-screen", "more", "skip-screen"):
        page.keyboard.press("Tab")
        expect(page.locator(f"#{name}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#foot")).to_be_focused()

    page.locator("#paste").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#paste-text")).to_be_focused()
    page.keyboard.type("echo k$((6*7))\n")
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.locator("#paste-type")).to_be_focused()
    page.keyboard.press("Enter")
    portal.call(until_screen, guest.qmp_path, lambda text: "k42" in text.splitlines())
    expect(page.locator("#screen")).to_be_focused()

    viewer.press_together("Control", "Alt", "Shift")
    page.keyboard.press("Enter")
    expect(page.locator("#ctrl-alt-del")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#sequence-send")).to_be_focused()  # the focus stays within
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_focused()


@pytest.fixture
def phone(chromium: Browser, tmp_path: Path) -> Iterator[ConsolePage]:
    size = ViewportSize(width=390, height=844)
    with chromium.new_context(viewport=size, has_touch=True, is_mobile=True, device_scale_factor=3) as context:
        yield ConsolePage(context.new_page(), tmp_path)


def test_a_phone_types_by_its_own_keyboard_and_the_row_above_it(
    phone: ConsolePage, service: Service, guest: DemoGuest, portal: BlockingPortal
) -> None:
    portal.call(type_keys, guest.qmp_path, "clear\n")
    page = phone.page
    phone.open(service.console_url(guest.server_id))
    page.locator("#keyboard").tap()
    expect(page.locator("#touch-input")).to_be_focused()
    page.keyboard.type("echo t$((6*7))", delay=60)
    page.keyboard.press("Enter")
    portal.call(until_screen, guest.qmp_path, lambda text: "t42" in text.splitlines())
    assert violations(page) == []
    page.locator("#touch-keys").get_by_text("Ctrl", exact=True).tap()
    page.keyboard.type("l")
    portal.call(until_screen, guest.qmp_path, lambda text: text == "shared:~#")


def test_who_wants_no_motion_gets_none_and_forced_colours_keep_the_picture(
    viewer: ConsolePage, service: Service
) -> None:
    viewer.page.emulate_media(reduced_motion="reduce", forced_colors="active")
    viewer.open(service.console_url(SIMULATED_ID))
    assert viewer.page.locator("#card").evaluate("card => getComputedStyle(card).animationName") == "none"
    assert viewer.page.locator("#frame").evaluate("frame => getComputedStyle(frame).forcedColorAdjust") == "none"
    viewer.picture("forced-colours")
