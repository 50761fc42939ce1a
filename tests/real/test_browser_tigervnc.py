"""A second real VNC server, TigerVNC's, reached by TLS: its desktop in the browser, and its clipboard both ways."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import expect
from tests.fakes.waiting import until
from tests.real.browser import ConsolePage
from tests.real.certificates import certified
from tests.real.processes import Running, free_port, program, run, running
from tests.real.service import USERS, Service, serving
from tests.real.targets import SERVER_IDS, static_server

pytest_plugins = ("tests.real.fixtures",)

PASSWORD = "sesame"
START_SECONDS = 20
SIZE = (800, 600)

TEXT = 'naïve € 漢字 "quoted"\n\tsecond line'
"""More than Latin-1, which is all that the clipboard had in the first VNC."""

CLIPBOARD = ("-selection", "clipboard")


@dataclass(frozen=True)
class Desktop:
    """An X server that is a VNC server; `variables` are the environment of its clients."""

    port: int
    variables: dict[str, str]

    def copied(self) -> str:
        """What is on its clipboard; empty where nothing is."""
        return run(program("xclip", "xclip"), *CLIPBOARD, "-o", environment=self.variables).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tigervnc")


@pytest.fixture(scope="module")
def desktop(portal: BlockingPortal, folder: Path) -> Iterator[Desktop]:
    files, _ = certified(folder)
    (folder / "password").write_bytes(_obscured(PASSWORD))
    port = free_port()
    command = (
        program("Xtigervnc", "tigervnc-standalone-server"), "-displayfd", "1", "-nolisten", "tcp",
        "-geometry", f"{SIZE[0]}x{SIZE[1]}", "-depth", "24",
        "-interface", "127.0.0.1", "-rfbport", str(port), "-SecurityTypes", "X509Vnc",
        "-X509Cert", files["tls_certificate"], "-X509Key", files["tls_key"], "-PasswordFile", folder / "password",
    )  # fmt: skip
    with running(*command, folder=folder, name="xtigervnc") as process:
        # It chooses a free display and writes its number when it is ready.
        number = portal.call(until, partial(_display_of, process), START_SECONDS)
        yield Desktop(port, os.environ | {"DISPLAY": f":{number}"})


def _obscured(password: str) -> bytes:
    command = (program("tigervncpasswd", "tigervnc-tools"), "-f")
    return subprocess.run(command, input=password.encode(), capture_output=True, check=True).stdout


def _display_of(process: Running) -> str:
    assert not process.has_ended(), f"Xtigervnc has ended: {process.stderr}"
    return process.stdout.strip()


@pytest.fixture(scope="module")
def service(portal: BlockingPortal, desktop: Desktop, folder: Path) -> Iterator[Service]:
    (folder / "plain-password").write_text(PASSWORD)
    tls = f'password_file = "{folder}/plain-password", tls = {{ ca = "{folder}/authority.pem", subtype = "x509vnc" }}'
    settings = static_server(0, "desktop", f"tcp://127.0.0.1:{desktop.port}", f", {tls}")
    with serving(portal, folder, f"{USERS}{settings}") as service:
        yield service


@pytest.fixture
def console(viewer: ConsolePage, service: Service) -> ConsolePage:
    """The desktop's page, which may use the browser's clipboard."""
    viewer.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=service.url)
    viewer.open(service.console_url(SERVER_IDS.format(0)))
    return viewer


def test_the_desktop_is_drawn(console: ConsolePage) -> None:
    console.until_drawn(*SIZE)
    expect(console.page.locator("#spoken")).to_have_text("Connected to desktop, 800 by 600")


def test_what_the_server_copies_can_be_copied_here(console: ConsolePage, desktop: Desktop, tmp_path: Path) -> None:
    page = console.page
    (tmp_path / "text").write_text(TEXT)
    # It serves the clipboard for as long as it runs.
    command = (program("xclip", "xclip"), "-quiet", *CLIPBOARD, "-in", "text")
    with running(*command, folder=tmp_path, environment=desktop.variables, name="xclip"):
        expect(page.locator("#foot-line")).to_have_text("New text on the server's clipboard. Open Paste to copy it.")
        page.locator("#paste").click()
        expect(page.locator("#from-server")).to_have_value(TEXT)
        console.picture("from-server")
        page.get_by_role("button", name="Copy", exact=True).click()
        page.wait_for_function("text => navigator.clipboard.readText().then(copied => copied === text)", arg=TEXT)


def test_what_is_pasted_here_is_on_the_servers_clipboard(
    console: ConsolePage, desktop: Desktop, portal: BlockingPortal
) -> None:
    page = console.page
    page.locator("#paste").click()
    page.locator("#paste-text").fill(TEXT)
    page.locator("#paste-clipboard").click()
    expect(page.locator("#foot-line")).to_have_text("Copied to the server's clipboard")
    portal.call(until, lambda: desktop.copied() == TEXT)
