"""`keyhole demo` as a user runs it: its output, what it serves, and that nothing is left behind at its end."""

import json
import shutil
import signal
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.waiting import until
from tests.real.browser import ConsolePage
from tests.real.consoles import novnc_size
from tests.real.guests import has_ended
from tests.real.pictures import VGA_SIZE, has_ink, text_row
from tests.real.processes import KEYHOLE, Running, free_port, is_free, pids_naming, running

from keyhole.demo.guest_image import GuestImage

pytest_plugins = ("tests.real.fixtures",)

START_SECONDS = 60
STOP_SECONDS = 10
BOTH_SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])

GUEST = "keyhole-demo"


@dataclass(frozen=True)
class Demo:
    """A demo that has reported that it is ready."""

    running: Running
    port: int
    ready_file: Path

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(self.ready_file.read_text())
        return facts


StartDemo = Callable[..., AbstractContextManager[Demo]]


@pytest.fixture
def state_folder(guest_image: GuestImage, tmp_path: Path) -> Path:
    """A state folder in which the guest's image is already there, as on a second start."""
    folder = tmp_path / "state"
    shutil.copytree(guest_image.kernel.parent, folder / "guest")
    return folder


@pytest.fixture
def start(state_folder: Path, tmp_path: Path, portal: BlockingPortal) -> StartDemo:
    """Starts a demo on a free port and waits until it is ready."""

    @contextmanager
    def start(*options: str) -> Iterator[Demo]:
        port, ready_file = free_port(), tmp_path / "ready.json"
        with demo(state_folder, port, "--ready-file", str(ready_file), *options) as process:

            def is_ready() -> bool:
                assert not process.has_ended(), process.stderr
                return ready_file.exists()

            portal.call(until, is_ready, START_SECONDS)
            yield Demo(process, port, ready_file)

    return start


def demo(state_folder: Path, port: int, *options: str) -> AbstractContextManager[Running]:
    words = ("demo", "--port", str(port), "--state-dir", str(state_folder), *options)
    return running(KEYHOLE, *words, folder=state_folder, name="demo")


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def check_ready_file(demo: Demo) -> None:
    url = f"http://127.0.0.1:{demo.port}"
    facts = demo.facts
    assert set(facts) == {
        "url", "console_url", "identity_url", "compute_url", "username", "password", "project", "servers", "pids"
    }  # fmt: skip
    assert (facts["url"], facts["identity_url"], facts["compute_url"]) == (
        url,
        f"{url}/identity/v3",
        f"{url}/compute/v2.1",
    )
    assert facts["console_url"].startswith(f"{url}/vnc_lite.html?path=%3Ftoken%3D")
    assert [server["name"] for server in facts["servers"]] == [GUEST]
    assert facts["pids"][0] == demo.running.pid
    assert stat.S_IMODE(demo.ready_file.stat().st_mode) == 0o600


def check_words(demo: Demo) -> None:
    """Asserts that everything a user needs is printed, and the password nowhere else."""
    facts = demo.facts
    said = demo.running.stdout
    for words in (
        facts["console_url"],
        f"{facts['url']}/",
        f"export OS_AUTH_URL={facts['identity_url']}",
        f"export OS_USERNAME={facts['username']}",
        f"export OS_PASSWORD={facts['password']}",
        f"export OS_PROJECT_NAME={facts['project']}",
        f"openstack console url show --novnc {GUEST}",
    ):
        assert f"{words}\n" in said
    assert facts["password"] not in demo.running.stderr


def check_sign_in(demo: Demo) -> None:
    """The credentials of the ready file are good, and the server of the ready file is seen with them."""
    facts = demo.facts
    user = {"name": facts["username"], "domain": {"name": "Default"}, "password": facts["password"]}
    scope = {"project": {"name": facts["project"], "domain": {"name": "Default"}}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    with httpx.Client(trust_env=False) as client:
        token = client.post(f"{facts['identity_url']}/auth/tokens", json=body).headers["X-Subject-Token"]
        listed = client.get(f"{facts['compute_url']}/servers", headers={"X-Auth-Token": token}).json()["servers"]
    assert [{"id": server["id"], "name": server["name"]} for server in listed] == facts["servers"]


def check_end(demo: Demo, number: signal.Signals, state_folder: Path) -> None:
    pids = demo.facts["pids"]
    assert demo.running.end(number, STOP_SECONDS) == 0
    assert all(map(has_ended, pids))
    assert pids_naming(str(state_folder)) == []
    assert is_free(demo.port)
    assert "Traceback" not in demo.running.stdout + demo.running.stderr


class TestTheRealGuest:
    @BOTH_SIGNALS
    def test_its_console_opens_and_a_signal_ends_everything(
        self,
        start: StartDemo,
        state_folder: Path,
        portal: BlockingPortal,
        number: signal.Signals,
        pytestconfig: pytest.Config,
    ) -> None:
        started_at = time.monotonic()
        with start() as demo:
            pytestconfig.get_terminal_writer().line(f" (a second start took {time.monotonic() - started_at:.1f} s)")
            check_ready_file(demo)
            check_words(demo)
            assert len(demo.facts["pids"]) == 2
            assert not any(map(has_ended, demo.facts["pids"]))
            assert portal.call(novnc_size, demo.facts["console_url"]) == VGA_SIZE
            check_sign_in(demo)
            check_end(demo, number, state_folder)

    def test_what_a_newcomer_sees(self, start: StartDemo, viewer: ConsolePage) -> None:
        """The picture in README."""
        viewer.page.set_viewport_size({"width": 1000, "height": 560})
        with start() as demo:
            viewer.open(demo.facts["console_url"])
            viewer.until_drawn(*VGA_SIZE)
            viewer.until_screen(lambda picture: has_ink(text_row(picture, 3)))  # below two lines of greeting
            viewer.type("uname -a\ncat /proc/loadavg\necho x$((6*7))\n")
            viewer.until_screen(lambda picture: has_ink(text_row(picture, 10)))
            viewer.picture("console")

    def test_a_signal_ends_it_while_the_guest_boots(self, state_folder: Path, portal: BlockingPortal) -> None:
        port = free_port()
        with demo(state_folder, port) as process:

            def is_listening() -> bool:
                assert not process.has_ended(), process.stderr
                return not is_free(port)

            portal.call(until, is_listening, START_SECONDS)
            assert len(pids_naming(str(state_folder))) == 2
            assert process.end(signal.SIGINT, STOP_SECONDS) == 0
            assert pids_naming(str(state_folder)) == []
            assert process.stderr.count("Traceback") == 0

    def test_a_port_in_use_is_said_and_no_guest_stays(self, state_folder: Path) -> None:
        with taken_port() as port, demo(state_folder, port) as process:
            assert process.process.wait(START_SECONDS) == 2
            assert process.stderr.splitlines() == [port_in_use(port)]
            assert pids_naming(str(state_folder)) == []


class TestTheSimulatedGuest:
    @BOTH_SIGNALS
    def test_its_console_opens_and_a_signal_ends_everything(
        self, start: StartDemo, state_folder: Path, portal: BlockingPortal, number: signal.Signals
    ) -> None:
        with start("--simulated") as demo:
            check_ready_file(demo)
            check_words(demo)
            assert "simulated" in demo.running.stdout
            assert len(demo.facts["pids"]) == 1
            assert portal.call(novnc_size, demo.facts["console_url"]) > (0, 0)
            check_sign_in(demo)
            check_end(demo, number, state_folder)

    def test_a_port_in_use_is_said(self, state_folder: Path) -> None:
        with taken_port() as port, demo(state_folder, port, "--simulated") as process:
            assert process.process.wait(START_SECONDS) == 2
            assert process.stderr.splitlines() == [port_in_use(port)]


def port_in_use(port: int) -> str:
    return f"keyhole: server.listen: cannot listen on tcp://127.0.0.1:{port}: Address already in use"
