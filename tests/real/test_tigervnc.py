"""TigerVNC's viewer, as it is, on an xvpvnc console: what is typed into its window is run by the guest."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.waiting import until
from tests.real.guests import type_keys, until_screen
from tests.real.processes import COMMAND_SECONDS, Running, program, running
from tests.real.service import Service
from tests.real.xvp_shim import xvp_tunnel

from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

DISPLAY_SECONDS = 20

KEY_MILLISECONDS = "60"
"""The guest's PS/2 queue is small: faster typing loses keys."""


@dataclass(frozen=True)
class Desktop:
    """An X server without a window manager; `variables` are the environment of its clients."""

    variables: dict[str, str]

    def xdotool(self, *words: str) -> str:
        command = (program("xdotool", "xdotool"), *words)
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=COMMAND_SECONDS, env=self.variables
        )
        return done.stdout

    def focus(self, window: str) -> None:
        """Gives the keyboard to a window by its title, which nobody else does here; waits until it is there."""
        self.xdotool("search", "--sync", "--onlyvisible", "--name", window, "windowfocus", "--sync")

    def type(self, line: str) -> None:
        """Types a line and Enter."""
        self.xdotool("type", "--delay", KEY_MILLISECONDS, line)
        self.xdotool("key", "Return")


@pytest.fixture(scope="module")
def desktop(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    folder = tmp_path_factory.mktemp("desktop")
    # The server chooses a free display and writes its number on its standard output when it is ready.
    command = (program("Xvfb", "xvfb"), "-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp")
    with running(*command, folder=folder, name="xvfb") as process:
        number = portal.call(until, partial(_display_of, process), DISPLAY_SECONDS)
        yield Desktop(os.environ | {"DISPLAY": f":{number}", "HOME": str(folder)})


def _display_of(process: Running) -> str:
    assert not process.has_ended(), f"Xvfb has ended: {process.stderr}"
    return process.stdout.strip()


@pytest.mark.parametrize("method", ["CONNECT", "GET"])
def test_what_is_typed_is_run_by_the_guest(
    service: Service, guest: DemoGuest, desktop: Desktop, portal: BlockingPortal, tmp_path: Path, method: str
) -> None:
    portal.call(type_keys, guest.qmp_path, "clear\n")
    portal.call(until_screen, guest.qmp_path, lambda text: text == "shared:~#")
    url = service.console_url(guest.server_id, "xvpvnc")
    with portal.wrap_async_context_manager(xvp_tunnel(url, method)) as address:
        options = ("-AlertOnFatalError=0", "-ReconnectOnError=0", "-SecurityTypes=None")
        command = (program("xtigervncviewer", "tigervnc-viewer"), *options, f"{address.host}::{address.port}")
        with running(*command, folder=tmp_path, environment=desktop.variables, name="viewer"):
            desktop.focus("TigerVNC")
            desktop.type("echo x$((6*7))")
            portal.call(until_screen, guest.qmp_path, lambda text: "x42" in text.splitlines())
    (closed,) = portal.call(until, lambda: service.events("console.closed")[-1:])
    assert (closed["type"], closed["reason"]) == ("xvpvnc", "viewer_closed")
