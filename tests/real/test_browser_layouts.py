"""A text is typed by the guest's own keyboard layout, and the same text is what the guest reads."""

import base64
import stat
import string
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import expect
from tests.real.browser import ConsolePage
from tests.real.guests import SerialLine, fresh_id, serial_line, type_keys, until_screen
from tests.real.keymaps import build_keymaps
from tests.real.service import Service

from keyhole.demo.guest_image import GuestImage
from keyhole.demo.initramfs import Entry, newc_archive
from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

ARRIVE_SECONDS = 30


@dataclass(frozen=True)
class Keyboard:
    """What a layout's keyboard has beyond ASCII; `missing` are some that it has not."""

    xkb: str
    own: str
    missing: str


KEYBOARDS = {
    "us": Keyboard("us", "", "é ß €"),
    "uk": Keyboard("gb", "£¬€", "é ß §"),
    "de": Keyboard("de", "äöüÄÖÜß§°µ²³€ âêîôû áéíóúý àèìòù ÂÉÒ", "ñ £ ÿ"),
    "fr": Keyboard("fr", "éèçàù²µ§£°€¤ âêîôû ëïüÿ ÂÊÎÔÛ ËÏÜ", "É ß ñ Ÿ"),
    "es": Keyboard("es", "ñÑçÇ¡¿ºª·¬€ áéíóú ÁÉÍÓÚ üÜ àèâê", "ß £ Ÿ"),
}

PLAIN = f"{string.digits}{string.punctuation} abmqwyz AMQWYZ"
"""All of ASCII but letters that are on the same key everywhere."""


@pytest.fixture(scope="module")
def guest(
    portal: BlockingPortal,
    guest_image: GuestImage,
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[DemoGuest]:
    """A guest that has the layouts' keymaps in its folder `/keymaps`."""
    names = [keyboard.xkb for keyboard in KEYBOARDS.values()]
    keymaps = build_keymaps(names, pytestconfig.rootpath / ".cache" / "keymaps")
    files = (Entry(f"keymaps/{name}", stat.S_IFREG | 0o644, keymap) for name, keymap in keymaps.items())
    more = newc_archive((Entry("keymaps", stat.S_IFDIR | 0o755), *files))
    initramfs = tmp_path_factory.mktemp("image") / "initramfs"
    initramfs.write_bytes(guest_image.initramfs.read_bytes() + more)  # the kernel unpacks one after the other
    starting = DemoGuest(
        GuestImage(guest_image.kernel, initramfs), name="keymaps", server_id=fresh_id(), progress=print
    )
    with portal.wrap_async_context_manager(starting) as guest:
        portal.call(guest.until_ready)
        yield guest


@pytest.fixture(scope="module")
def root(portal: BlockingPortal, guest: DemoGuest) -> Iterator[SerialLine]:
    """A shell on the guest's serial port: there the keymap does not count."""
    with portal.wrap_async_context_manager(serial_line(guest.serial_path)) as line:
        portal.call(line.log_in)
        yield line


async def listen(root: SerialLine, guest: DemoGuest, keymap: str) -> None:
    """From now on the guest's keyboard has this keymap, and what it types goes into a file, line by line."""
    await root.run("killall -q cat; loadkmap </keymaps/us; echo u$((6*7))", rb"u42")
    await type_keys(guest.qmp_path, "\nclear; echo r$((6*7)); cat >/tmp/typed\n")
    await until_screen(guest.qmp_path, lambda text: text == "r42")
    await root.run(f"loadkmap </keymaps/{keymap}; echo k$((6*7))", rb"k42")


async def heard(root: SerialLine, lines: int) -> str:
    """What the guest's keyboard has typed, once it is so many lines; what there is of it when they do not come."""
    deadline = time.monotonic() + ARRIVE_SECONDS
    while True:
        read = await root.run("echo t$((6*7)); base64 -w 0 /tmp/typed; echo .", rb"t42\s+([\w+/=]*)\.")
        text = base64.b64decode(read[1]).decode(errors="replace")
        if text.count("\n") >= lines or time.monotonic() > deadline:
            return text


@pytest.mark.parametrize("layout", KEYBOARDS)
def test_the_guest_reads_what_was_pasted(
    viewer: ConsolePage, service: Service, guest: DemoGuest, root: SerialLine, portal: BlockingPortal, layout: str
) -> None:
    keyboard = KEYBOARDS[layout]
    text = f"{PLAIN}\n\t{keyboard.own}\n"
    portal.call(listen, root, guest, keyboard.xkb)
    viewer.open(service.console_url(guest.server_id))
    page = viewer.page
    page.locator("#paste").click()
    page.locator("#layout").select_option(layout)
    page.locator("#paste-text").fill(f"{text}{keyboard.missing}")
    hint = page.locator("#paste-hint")
    left_out = f"{len(keyboard.missing.split())} characters will be skipped."
    expect(hint).to_have_text(f"This keyboard layout has no key for: {keyboard.missing} {left_out}")
    assert hint.inner_text().splitlines()[1:] == [left_out]  # apart from the characters
    viewer.picture(layout)
    page.locator("#paste-text").fill(text)
    expect(hint).to_have_text("Sent as keystrokes, about 25 characters per second.")
    page.locator("#paste-type").click()
    expect(page.locator("#foot-line")).to_have_text(f"Typed {len(text)} characters", timeout=ARRIVE_SECONDS * 1000)
    assert portal.call(heard, root, text.count("\n")) == text
