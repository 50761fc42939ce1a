"""The console page in a real Chromium: what a user sees and does, and the messages when something fails."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import expect
from tests.fakes.rfb_target import listening
from tests.fakes.waiting import until
from tests.real.browser import ConsolePage
from tests.real.certificates import certified
from tests.real.guests import fresh_id, type_keys, until_screen
from tests.real.pictures import VGA_SIZE, guest_picture, has_ink, read_picture, simulated_lines, text_row
from tests.real.processes import free_port
from tests.real.service import SIMULATED, SIMULATED_ID, USERS, Service, guests_found_at, serving
from tests.real.targets import SERVER_IDS, say_nothing, speak_http, static_server, url_of

from keyhole.demo.guest_image import GuestImage
from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

OpenPage = Callable[[], ConsolePage]

BOOT_MARK = b"Linux version"
NO_ANSWER = "The server's console does not answer"
LINK_GONE = "This link is no longer valid"


@pytest.fixture
def clean_guest(portal: BlockingPortal, guest: DemoGuest) -> DemoGuest:
    """The shared guest with an empty screen but for its prompt."""
    portal.call(type_keys, guest.qmp_path, "clear\n")
    portal.call(until_screen, guest.qmp_path, lambda text: text == "shared:~#")
    return guest


class TestTheRealGuest:
    def test_what_is_typed_is_run_and_its_result_is_seen(
        self, viewer: ConsolePage, service: Service, clean_guest: DemoGuest, portal: BlockingPortal
    ) -> None:
        viewer.open(service.console_url(clean_guest.server_id))
        viewer.type("echo x$((6*7))\n")
        text = portal.call(until_screen, clean_guest.qmp_path, lambda text: "x42" in text.splitlines())
        assert text.splitlines() == ["shared:~# echo x$((6*7))", "x42", "shared:~#"]

        row = text_row(portal.call(guest_picture, clean_guest.qmp_path), 1)
        assert has_ink(row)
        viewer.until_drawn(*VGA_SIZE)
        viewer.until_screen(lambda picture: text_row(picture, 1).tobytes() == row.tobytes())

    def test_the_paste_panel_types_a_text(
        self, viewer: ConsolePage, service: Service, clean_guest: DemoGuest, portal: BlockingPortal
    ) -> None:
        viewer.open(service.console_url(clean_guest.server_id))
        viewer.page.locator("#paste").click()
        viewer.page.locator("#paste-text").fill("echo Y$((6*7)) | cat\n")
        viewer.page.locator("#paste-type").click()
        portal.call(until_screen, clean_guest.qmp_path, lambda text: "Y42" in text.splitlines())

    @pytest.mark.parametrize("text", [r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~""", "The quick BROWN fox; 0123456789"])
    def test_every_character_of_the_guests_keyboard_arrives(
        self, viewer: ConsolePage, service: Service, clean_guest: DemoGuest, portal: BlockingPortal, text: str
    ) -> None:
        viewer.open(service.console_url(clean_guest.server_id))
        viewer.page.locator("#paste").click()
        viewer.page.locator("#paste-text").fill(f"cat <<'.'\n{text}\n.\n")
        viewer.page.locator("#paste-type").click()
        read = portal.call(until_screen, clean_guest.qmp_path, lambda screen: screen.splitlines().count(text) == 1, 30)
        assert f"> {text}" in read.splitlines()

    def test_what_cannot_be_typed_is_shown_before_anything_is_sent(
        self, viewer: ConsolePage, service: Service, guest: DemoGuest
    ) -> None:
        viewer.open(service.console_url(guest.server_id))
        viewer.page.locator("#paste").click()
        viewer.page.locator("#paste-text").fill("naïve €")
        hint = viewer.page.locator("#paste-hint")
        expect(hint).to_have_text("This keyboard layout has no key for: ï € 2 characters will be skipped.")
        expect(viewer.page.locator("#paste-type")).to_have_text("Type 5 characters")
        viewer.page.locator("#layout").select_option("fr")
        expect(hint).to_have_text("Sent as keystrokes, about 25 characters per second.")
        viewer.page.keyboard.press("Escape")

    def test_typing_is_stopped_in_the_middle(
        self, viewer: ConsolePage, service: Service, clean_guest: DemoGuest, portal: BlockingPortal
    ) -> None:
        viewer.open(service.console_url(clean_guest.server_id))
        viewer.page.locator("#paste").click()
        viewer.page.locator("#paste-text").fill("x" * 500)
        viewer.page.locator("#paste-type").click()
        expect(viewer.page.locator("#paste-hint")).to_contain_text("Typing ")
        viewer.page.locator("#paste-type").click()
        expect(viewer.page.locator("#foot-line")).to_contain_text("Stopped after")
        portal.call(type_keys, clean_guest.qmp_path, "\n")

    def test_a_held_modifier_goes_with_the_next_keys(
        self, viewer: ConsolePage, service: Service, clean_guest: DemoGuest, portal: BlockingPortal
    ) -> None:
        viewer.open(service.console_url(clean_guest.server_id))
        for held in (True, False):
            viewer.page.locator("#keys").click()
            shift = viewer.page.locator("#hold").get_by_text("Shift")
            shift.click()
            expect(shift).to_have_attribute("aria-pressed", str(held).lower())
            viewer.page.keyboard.press("Escape")
            viewer.page.locator("#screen").click()
            viewer.type("ab")
        portal.call(until_screen, clean_guest.qmp_path, lambda text: text == "shared:~# ABab")
        portal.call(type_keys, clean_guest.qmp_path, "\n")

    def test_ctrl_alt_del_restarts_the_guest(
        self, viewer: ConsolePage, portal: BlockingPortal, guest_image: GuestImage, tmp_path: Path
    ) -> None:
        starting = DemoGuest(guest_image, name="restarted", server_id=fresh_id(), progress=print)
        with (
            portal.wrap_async_context_manager(starting) as guest,
            serving(portal, tmp_path, f"{USERS}{guests_found_at(guest.qmp_path)}") as service,
        ):
            portal.call(guest.until_ready)
            viewer.open(service.console_url(guest.server_id))
            viewer.page.locator("#keys").click()
            viewer.page.locator("#ctrl-alt-del").click()
            portal.call(until, lambda: guest.serial_log.read_bytes().count(BOOT_MARK) == 2, 60)
            assert viewer.page.locator("html").get_attribute("data-state") == "connected"

    def test_scaling_changes_the_drawn_size(self, viewer: ConsolePage, service: Service, guest: DemoGuest) -> None:
        viewer.page.set_viewport_size({"width": 1000, "height": 240})
        viewer.open(service.console_url(guest.server_id))
        viewer.until_drawn(360, 200)  # the bar takes 40 pixels
        viewer.choose_scaling("Actual size")
        viewer.until_drawn(*VGA_SIZE)
        viewer.page.set_viewport_size({"width": 1800, "height": 1100})
        viewer.choose_scaling("Sharp")
        viewer.until_drawn(1440, 800)
        viewer.choose_scaling("Fit to window")
        viewer.until_drawn(1800, 1000)

    def test_the_leave_key_brings_the_focus_into_the_bar(
        self, viewer: ConsolePage, service: Service, clean_guest: DemoGuest, portal: BlockingPortal
    ) -> None:
        viewer.open(service.console_url(clean_guest.server_id))
        expect(viewer.page.locator("#screen")).to_be_focused()
        viewer.press_together("Control", "Alt", "Shift")
        expect(viewer.page.locator("#keys")).to_be_focused()
        viewer.type("abc")  # goes nowhere: the bar has the keys
        typed = ["shared:~# echo z$((6*7))", "z42"]
        viewer.page.locator("#screen").click()
        viewer.type("echo z$((6*7))\n")
        portal.call(until_screen, clean_guest.qmp_path, lambda text: text.splitlines()[:2] == typed)

    def test_full_screen_and_back(self, viewer: ConsolePage, service: Service, guest: DemoGuest) -> None:
        viewer.open(service.console_url(guest.server_id))
        full_screen = viewer.page.locator("#full-screen")
        full_screen.click()
        expect(viewer.page.locator("keyhole-console[full-screen]")).to_be_attached()
        expect(full_screen).to_have_attribute("aria-pressed", "true")
        expect(viewer.page.locator("#screen")).to_be_focused()
        viewer.press_together("Control", "Alt", "Shift")
        expect(viewer.page.locator("#keys")).to_be_focused()
        full_screen.press("Enter")
        expect(viewer.page.locator("keyhole-console[full-screen]")).not_to_be_attached()
        expect(full_screen).to_have_attribute("aria-pressed", "false")

    def test_a_screenshot_is_the_picture_that_is_shown(
        self, viewer: ConsolePage, service: Service, clean_guest: DemoGuest, portal: BlockingPortal, tmp_path: Path
    ) -> None:
        viewer.open(service.console_url(clean_guest.server_id))
        row = text_row(portal.call(guest_picture, clean_guest.qmp_path), 0).crop((0, 0, 80, 16))
        viewer.until_screen(lambda picture: picture.crop((0, 0, 80, 16)).tobytes() == row.tobytes())
        with viewer.page.expect_download() as download:
            viewer.page.locator("#screenshot").click()
        assert download.value.suggested_filename.startswith("shared")
        download.value.save_as(tmp_path / "picture.png")
        picture = read_picture(tmp_path / "picture.png")
        assert picture.size == VGA_SIZE
        assert picture.crop((0, 0, 80, 16)).tobytes() == row.tobytes()

    def test_an_xvpvnc_link_opens_in_the_browser_too(
        self, viewer: ConsolePage, service: Service, guest: DemoGuest
    ) -> None:
        viewer.open(service.console_url(guest.server_id, "xvpvnc"))
        viewer.until_drawn(*VGA_SIZE)

    def test_a_link_with_a_dashboards_title_behind_it(
        self, viewer: ConsolePage, service: Service, guest: DemoGuest
    ) -> None:
        viewer.open(f"{service.console_url(guest.server_id)}&title=shared({guest.server_id})")
        viewer.until_drawn(*VGA_SIZE)

    def test_a_link_opens_once(
        self, viewer: ConsolePage, open_page: OpenPage, service: Service, guest: DemoGuest
    ) -> None:
        url = service.console_url(guest.server_id)
        viewer.open(url)
        second = open_page()
        second.page.goto(url)
        second.expect_ended("token_used", "This link has been used")
        assert viewer.page.locator("html").get_attribute("data-state") == "connected"
        assert "token" not in viewer.page.url


class TestTheSimulatedGuest:
    def test_what_is_typed_is_worked_out(self, viewer: ConsolePage, service: Service) -> None:
        viewer.open(service.console_url(SIMULATED_ID))
        viewer.type("clear\ncalc 6*7\n")
        viewer.until_screen(lambda picture: simulated_lines(picture)[:2] == ["simulated$ calc 6*7", "42"])

    def test_the_screen_follows_the_guests_size(self, viewer: ConsolePage, service: Service) -> None:
        viewer.open(service.console_url(SIMULATED_ID))
        viewer.type("resize 800 600\n")
        expect(viewer.page.locator("#spoken")).to_have_text("The screen is now 800 by 600")
        viewer.until_drawn(800, 600)
        viewer.type("resize 640 480\n")
        expect(viewer.page.locator("#spoken")).to_have_text("The screen is now 640 by 480")
        viewer.until_drawn(640, 480)


class TestLinksThatAreNotGood:
    def test_a_link_that_was_never_given_out(self, viewer: ConsolePage, service: Service) -> None:
        viewer.page.goto(f"{service.url}/vnc_lite.html?path=%3Ftoken%3D{fresh_id()}")
        viewer.expect_ended("token_unknown", LINK_GONE)

    def test_a_link_that_was_cut_short(self, viewer: ConsolePage, service: Service) -> None:
        viewer.page.goto(f"{service.url}/vnc_lite.html")
        viewer.expect_ended("token_missing", "This address is incomplete")

    def test_a_link_that_has_expired(self, viewer: ConsolePage, portal: BlockingPortal, tmp_path: Path) -> None:
        settings = f"[tokens]\nlifetime_seconds = 1\n{USERS}{SIMULATED}"
        with serving(portal, tmp_path, settings) as service:
            url = service.console_url(SIMULATED_ID)
            asked_at = time.monotonic()
            portal.call(until, lambda: time.monotonic() - asked_at > 1)
            viewer.page.goto(url)
            viewer.expect_ended("token_expired", LINK_GONE)
            expect(viewer.page.locator("#card-says")).to_contain_text("It was valid for 1 second")

    def test_an_address_that_may_not_show_consoles(
        self, viewer: ConsolePage, open_page: OpenPage, service: Service
    ) -> None:
        url = service.console_url(SIMULATED_ID)
        viewer.page.goto(url.replace("127.0.0.1", "localhost"))
        viewer.expect_ended("origin_refused", "Opened from the wrong place")
        open_page().open(url)  # nothing was used up

    def test_a_page_from_elsewhere_gets_no_console(self, viewer: ConsolePage, service: Service) -> None:
        url = service.console_url(SIMULATED_ID)
        address = f"ws://127.0.0.1:{service.port}/?{url.partition('%3F')[2].replace('%3D', '=')}"
        script = (
            "url => new Promise(told => { const ws = new WebSocket(url); ws.onopen = ws.onclose = e => told(e.type) })"
        )
        assert viewer.page.evaluate(script, address) == "close"
        viewer.open(url)


CLOSED, WEB_SERVER, SILENT = range(3)


@pytest.fixture(scope="module")
def troubled(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose servers' consoles all have a problem."""
    with (
        portal.wrap_async_context_manager(listening(speak_http)) as web_server,
        portal.wrap_async_context_manager(listening(say_nothing)) as silent,
    ):
        urls = [f"tcp://127.0.0.1:{free_port()}", url_of(web_server), url_of(silent)]
        servers = "".join(static_server(number, f"vm{number}", url) for number, url in enumerate(urls))
        with serving(portal, tmp_path_factory.mktemp("troubled"), f"{USERS}{servers}") as service:
            yield service


class TestConsolesThatFail:
    @pytest.mark.parametrize(
        ("number", "reason", "title"),
        [
            pytest.param(CLOSED, "target_refused", NO_ANSWER, id="nothing listens"),
            pytest.param(
                WEB_SERVER, "target_protocol_error", "Unexpected reply from the server's console", id="web server"
            ),
            pytest.param(SILENT, "target_unreachable", NO_ANSWER, id="silent"),
        ],
    )
    def test_a_target_that_is_no_console(
        self, viewer: ConsolePage, troubled: Service, number: int, reason: str, title: str
    ) -> None:
        url = troubled.console_url(SERVER_IDS.format(number))
        with viewer.page.expect_websocket():
            viewer.page.goto(url)
        asked_at = time.monotonic()
        viewer.expect_ended(reason, title)
        assert time.monotonic() - asked_at < 10
        expect(viewer.page.locator("#card-again")).to_be_visible()


def test_over_tls_the_console_is_encrypted_too(viewer: ConsolePage, portal: BlockingPortal, tmp_path: Path) -> None:
    files, trust = certified(tmp_path)
    with serving(portal, tmp_path, f"{USERS}{SIMULATED}", server=files, trust=trust) as service:
        viewer.open(service.console_url(SIMULATED_ID))
        assert {url.partition(":")[0] for url in viewer.requested} == {"https", "wss"}
