"""The serial console's page in a real Chromium: typing, pasting, finding, and what a server may not do to it."""

import re
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import expect
from tests.fakes.rfb_target import listening
from tests.fakes.waiting import until
from tests.real.browser import ConsolePage
from tests.real.service import SIMULATED_ID, USERS, Service, serving
from tests.real.targets import SERVER_IDS, url_of

from keyhole.demo.initramfs import LOGIN_PASSWORD, LOGIN_USER
from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)


def rows(viewer: ConsolePage) -> str:
    """What stands on the terminal."""
    return viewer.page.locator(".xterm-rows").inner_text()


def expect_row(viewer: ConsolePage, text: str) -> None:
    expect(viewer.page.locator(".xterm-rows")).to_contain_text(text, timeout=20_000)


def log_in(viewer: ConsolePage) -> None:
    """As a person does. A guest on a busy machine may give a login up before the password is typed: then once more."""
    page = viewer.page
    for _ in range(3):
        page.keyboard.press("Enter")
        expect_row(viewer, "login:")
        page.keyboard.type(f"{LOGIN_USER}\n")
        expect_row(viewer, "Password:")
        page.wait_for_timeout(300)  # the guest throws away what is typed before it reads the password
        page.keyboard.type(f"{LOGIN_PASSWORD}\n")
        answer = page.locator(".xterm-rows").filter(has_text=re.compile(r"shared:~#|timed out"))
        expect(answer).to_be_visible(timeout=20_000)
        if "shared:~#" in rows(viewer):
            return
    expect_row(viewer, "shared:~#")


def test_a_person_logs_in_and_runs_a_command(viewer: ConsolePage, service: Service, guest: DemoGuest) -> None:
    viewer.open(service.serial_page(guest.server_id))
    page = viewer.page
    expect(page.locator("#spoken")).to_contain_text(re.compile(r"Connected to shared, \d+ columns, \d+ rows"))
    log_in(viewer)
    page.locator("#paste").click()
    page.locator("#paste-text").fill("echo s$((6*7)) 'äöü €'\nexit\n")
    page.locator("#paste-type").click()
    expect_row(viewer, "s42 äöü €")
    viewer.picture("serial")


def test_chords_are_sent_as_a_terminal_sends_them(viewer: ConsolePage, service: Service, guest: DemoGuest) -> None:
    viewer.open(service.serial_page(guest.server_id))
    viewer.page.keyboard.press("Enter")
    expect_row(viewer, "login:")
    viewer.page.keyboard.type("nobody")
    viewer.page.locator("#keys").click()
    viewer.page.locator("#sequence").fill("Ctrl+U r o o t Enter Ctrl+C")
    viewer.page.locator("#sequence-send").click()
    expect_row(viewer, "root")


ATTACK = (
    b"before\r\n"
    b"\x1b[38;2;255;120;0morange\x1b[0m\r\n"
    b"\x1b]0;your bank\x07\x1b]2;your bank\x07"  # titles
    b"\x1b]52;c;cm0gLXJmIC8K\x07"  # clipboard
    b"\x1b]8;;https://evil.example/\x07press here\x1b]8;;\x07\r\n"  # a link
    b"\x1b[21t\x1b]10;?\x07\x1b[>q\x1bP$qm\x1b\\\x1b[?1$p\x1b[>c"  # questions whose answers would be typed
    b"https://evil.example/ is only text\r\n"
    b"\x1b[6n"  # where the cursor is: a shell needs to know
    b"after\r\n"
)


def test_a_server_cannot_reach_beyond_its_terminal(viewer: ConsolePage, portal: BlockingPortal, tmp_path: Path) -> None:
    typed = bytearray()

    async def attack(reader, writer) -> None:  # type: ignore[no-untyped-def]
        writer.write(ATTACK)
        while data := await reader.read(4096):
            typed.extend(data)

    with portal.wrap_async_context_manager(listening(attack)) as address:
        server = (
            f'[[servers]]\nid = "{SERVER_IDS.format(0)}"\nname = "vm"\nproject = "demo"\n'
            f'serial = {{ url = "{url_of(address)}" }}\n'
        )
        with serving(portal, tmp_path, f"{USERS}{server}") as service:
            viewer.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=service.url)
            viewer.open(service.serial_page(SERVER_IDS.format(0)))
            expect_row(viewer, "after")
            colour = viewer.page.locator(".xterm-rows").get_by_text("orange").evaluate("span => span.style.color")
            assert colour == "rgb(255, 120, 0)"  # drawn, and with nothing that the page's policy refuses
            expect(viewer.page).to_have_title("vm - console - Keyhole")
            assert viewer.page.evaluate("navigator.clipboard.readText()") == ""
            viewer.page.locator(".xterm-rows").get_by_text("press here").first.click(force=True)
            viewer.page.locator(".xterm-rows").get_by_text("is only text").first.click(force=True)
            assert len(viewer.page.context.pages) == 1
            viewer.page.keyboard.type("typed")
            portal.call(_until_typed, typed)
    assert re.fullmatch(rb"\x1b\[\d+;\d+Rtyped", bytes(typed)), bytes(typed)


async def _until_typed(typed: bytearray) -> None:
    await until(lambda: typed.endswith(b"typed"), 10)


def test_what_has_scrolled_away_is_found_copied_and_kept(
    viewer: ConsolePage, portal: BlockingPortal, tmp_path: Path
) -> None:
    lines = "".join(f"line {number}\r\n" for number in range(500)).encode()

    async def talk(reader, writer) -> None:  # type: ignore[no-untyped-def]
        writer.write(b"needle \xc3\xa4\r\n" + lines)
        await reader.read()

    with portal.wrap_async_context_manager(listening(talk)) as address:
        server = (
            f'[[servers]]\nid = "{SERVER_IDS.format(0)}"\nname = "vm"\nproject = "demo"\n'
            f'serial = {{ url = "{url_of(address)}" }}\n'
        )
        with serving(portal, tmp_path, f"{USERS}{server}") as service:
            page = viewer.page
            page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=service.url)
            viewer.open(service.serial_page(SERVER_IDS.format(0)))
            expect_row(viewer, "line 499")
            page.keyboard.press("Control+Shift+F")
            page.locator("#find").fill("no such text")
            expect(page.locator("#find-result")).to_have_text("Not found")
            page.locator("#find").fill("needle ä")
            expect(page.locator("#find-result")).to_have_text("")
            expect_row(viewer, "needle ä")
            viewer.picture("found")
            page.keyboard.press("Escape")
            page.keyboard.press("Control+Shift+C")
            expect(page.locator("#foot-line")).to_have_text("Copied")
            assert page.evaluate("navigator.clipboard.readText()") == "needle ä"
            with page.expect_download() as download:
                page.locator("#screenshot").click()
            download.value.save_as(tmp_path / "text.txt")
            kept = (tmp_path / "text.txt").read_text(encoding="utf-8").splitlines()
            assert kept == ["needle ä", *(f"line {number}" for number in range(500))]


@pytest.mark.parametrize("height", [800, 807, 480])
def test_the_last_row_is_within_the_window_and_typing_leaves_the_bar_in_place(
    viewer: ConsolePage, portal: BlockingPortal, tmp_path: Path, height: int
) -> None:
    async def talk(reader, writer) -> None:  # type: ignore[no-untyped-def]
        writer.write(b"".join(b"line %d\r\n" % number for number in range(200)) + b"prompt# ")
        while data := await reader.read(4096):
            writer.write(data)

    with portal.wrap_async_context_manager(listening(talk)) as address:
        server = (
            f'[[servers]]\nid = "{SERVER_IDS.format(0)}"\nname = "vm"\nproject = "demo"\n'
            f'serial = {{ url = "{url_of(address)}" }}\n'
        )
        with serving(portal, tmp_path, f"{USERS}{server}") as service:
            page = viewer.page
            page.set_viewport_size({"width": 1280, "height": height})
            viewer.open(service.serial_page(SERVER_IDS.format(0)))
            expect_row(viewer, "prompt#")
            page.keyboard.type("typed")
            expect_row(viewer, "prompt# typed")
            last = page.locator(".xterm-rows > div").last
            expect(last).to_have_text(re.compile(r"^prompt# typed"))
            screen, bar = page.locator(".xterm-screen").bounding_box(), page.locator("#bar").bounding_box()
            assert screen is not None
            assert bar is not None
            box = last.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= height
            assert bar["y"] == 0
            assert bar["height"] < screen["y"] < bar["height"] + 16  # close below the bar
            host = page.locator("keyhole-console")
            assert host.evaluate("host => { host.scrollTop = 100; return host.scrollTop; }") == 0
            viewer.picture("prompt")


def test_the_terminal_grows_with_the_window_and_the_letters(viewer: ConsolePage, service: Service) -> None:
    viewer.open(service.serial_page(SIMULATED_ID))
    size = "document.querySelector('keyhole-console').state.size"
    before = viewer.page.evaluate(size)
    viewer.page.set_viewport_size({"width": 640, "height": 480})
    viewer.page.wait_for_function(f"width => {size}.width < width", arg=before["width"])
    narrow = viewer.page.evaluate(size)
    viewer.page.locator("#view").click()
    for _ in range(4):
        viewer.page.get_by_label("Larger").click()
    expect(viewer.page.locator("#fontSize")).to_have_text("18")
    viewer.page.wait_for_function(f"height => {size}.height < height", arg=narrow["height"])
    viewer.page.keyboard.press("Escape")


@pytest.mark.parametrize("page", ["serial.html", "vnc_lite.html"])
def test_either_page_shows_what_its_link_opens(viewer: ConsolePage, service: Service, page: str) -> None:
    viewer.open(service.serial_page(SIMULATED_ID).replace("serial.html", page))
    expect(viewer.page.locator(".xterm-screen")).to_be_visible()
