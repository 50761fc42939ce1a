"""How the screen is shown: zoom, displays with more pixels, a dot for a pointer, and what is told of the line."""

import re
from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal
from PIL import Image
from playwright.sync_api import Browser, expect
from tests.real.browser import WINDOW, ConsolePage
from tests.real.guests import type_keys, until_screen
from tests.real.pictures import guest_picture
from tests.real.service import SIMULATED_ID, Service

from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

SLOW_MILLISECONDS = 300
"""From here on the page calls a line slow."""


def step_zoom(viewer: ConsolePage, step: str, until: str) -> None:
    """Presses Larger or Smaller until the panel shows so many percent."""
    page = viewer.page
    page.locator("#view").click()
    shown = page.locator("#zoom")
    while (before := shown.inner_text()) != until:
        page.locator("#view-panel").get_by_role("button", name=step).click()
        expect(shown).not_to_have_text(before)
    viewer.picture(f"zoom-{until.removesuffix(' %')}")
    page.keyboard.press("Escape")


def test_zoom_goes_in_steps_and_what_does_not_fit_is_scrolled_to(
    viewer: ConsolePage, service: Service, guest: DemoGuest
) -> None:
    viewer.open(service.console_url(guest.server_id))
    step_zoom(viewer, "Larger", "175 %")
    viewer.until_drawn(1260, 700)
    step_zoom(viewer, "Larger", "400 %")
    viewer.until_drawn(2880, 1600)
    viewer.page.locator("#view").click()
    expect(viewer.page.locator("#view-panel").get_by_role("button", name="Larger")).to_be_disabled()
    viewer.page.keyboard.press("Escape")
    stage = viewer.page.locator("#stage")
    stage.evaluate("stage => stage.scrollTo(stage.scrollWidth, stage.scrollHeight)")
    box, shown = viewer.page.locator("#frame").bounding_box(), stage.bounding_box()
    assert box is not None
    assert shown is not None
    assert box["x"] + box["width"] <= shown["x"] + shown["width"]
    assert box["y"] + box["height"] <= shown["y"] + shown["height"]
    viewer.page.reload()  # what was chosen stays
    viewer.expect_connected()
    viewer.until_drawn(2880, 1600)
    step_zoom(viewer, "Smaller", "50 %")
    viewer.until_drawn(360, 200)


def test_a_dot_stands_where_the_server_draws_no_pointer(viewer: ConsolePage, service: Service) -> None:
    viewer.open(service.console_url(SIMULATED_ID))
    screen = viewer.page.locator("#screen")
    expect(screen).to_have_css("cursor", "none")
    viewer.page.locator("#view").click()
    viewer.page.get_by_text("Dot").click()
    viewer.page.keyboard.press("Escape")
    expect(screen).to_have_css("cursor", re.compile(r'url\("data:image/png'))


@pytest.fixture
def fine(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[ConsolePage]:
    """A page on a display with twice as many pixels each way."""
    with chromium.new_context(viewport=WINDOW, device_scale_factor=2) as context:
        yield ConsolePage(context.new_page(), request.config.rootpath / "test-results" / "fine")


def test_on_a_fine_display_every_pixel_of_the_servers_is_a_whole_number_of_its_own(
    fine: ConsolePage, service: Service, guest: DemoGuest, portal: BlockingPortal
) -> None:
    portal.call(type_keys, guest.qmp_path, "clear\n")
    portal.call(until_screen, guest.qmp_path, lambda text: text == "shared:~#")
    fine.open(service.console_url(guest.server_id))
    fine.until_drawn(1080, 600)  # three of the display's pixels make two of the page's
    prompt = (0, 0, 80, 16)  # without the cursor, which blinks
    wanted = portal.call(guest_picture, guest.qmp_path).crop(prompt).resize((240, 48), Image.Resampling.NEAREST)
    fine.until_screen(lambda picture: picture.crop((0, 0, 240, 48)).tobytes() == wanted.tobytes())


def test_in_full_screen_the_bar_comes_back_at_the_upper_edge(viewer: ConsolePage, service: Service) -> None:
    viewer.open(service.console_url(SIMULATED_ID))
    bar = viewer.page.locator("#bar")
    viewer.page.locator("#full-screen").click()
    expect(bar).not_to_be_in_viewport()
    viewer.page.mouse.move(600, 300)
    viewer.page.mouse.move(600, 0)
    expect(bar).to_be_in_viewport(ratio=1)
    viewer.page.mouse.move(600, 300)
    expect(bar).not_to_be_in_viewport()
    viewer.page.mouse.move(600, 0)
    viewer.page.locator("#full-screen").click()
    expect(viewer.page.locator("keyhole-console[full-screen]")).not_to_be_attached()
    expect(bar).to_be_in_viewport(ratio=1)


def delay(viewer: ConsolePage, milliseconds: int) -> None:
    """Delays answers to the browser by at least this long."""
    conditions = {"offline": False, "latency": milliseconds, "downloadThroughput": -1, "uploadThroughput": -1}
    viewer.page.context.new_cdp_session(viewer.page).send("Network.emulateNetworkConditions", conditions)


def test_the_line_is_told_at_a_glance_and_a_slow_one_is_called_slow(viewer: ConsolePage, service: Service) -> None:
    line, slow = viewer.page.locator("#line"), viewer.page.locator("#slow-line")
    delay(viewer, SLOW_MILLISECONDS + 100)
    viewer.open(service.console_url(SIMULATED_ID))
    expect(slow).to_have_text("Slow connection")
    told = re.fullmatch(r"(\d+) ms, [\d.]+ (kB|MB)/s", line.inner_text())
    assert told is not None
    assert int(told[1]) > SLOW_MILLISECONDS
    expect(line).to_have_attribute("title", "Round trip to Keyhole, and data received per second")
    viewer.picture("slow")
    viewer.page.locator("#more").click()
    viewer.picture("slow-more")
    viewer.page.keyboard.press("Escape")
