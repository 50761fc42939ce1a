"""The built wheel, installed by `uv tool install` as an operator does: no checkout, no extras."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.waiting import until
from tests.real.processes import free_port, run, running

pytest_plugins = ("tests.real.fixtures",)

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
START_SECONDS = 90

SETTINGS = """
[server]
listen = "127.0.0.1:6080"
[identity]
backend = "keystone"
auth_url = "http://127.0.0.1:1/v3"
username = "keyhole"
password = "x"
project_name = "service"
"""


@dataclass(frozen=True)
class Installed:
    """The installed command, the folder that it is tried in, and an environment that knows no checkout."""

    keyhole: Path
    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "PYTHON", "KEYHOLE_"))}
    environment = kept | {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    built = run(UV, "build", "-q", "--wheel", "--no-build-isolation", "--out-dir", folder / "dist", ROOT)
    assert built.returncode == 0, built.stderr
    (wheel,) = (folder / "dist").glob("keyhole-*.whl")
    locked = ("--constraints", ROOT / "requirements" / "runtime.lock", "--python", sys.executable)
    done = run(UV, "tool", "install", "-q", *locked, wheel, environment=environment, folder=folder)
    assert done.returncode == 0, done.stderr
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    return Installed(folder / "bin" / "keyhole", elsewhere, environment)


def test_it_tells_its_version(installed: Installed) -> None:
    done = run(installed.keyhole, "version", environment=installed.environment, folder=installed.folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert f'\nversion = "{done.stdout.strip()}"\n' in (ROOT / "pyproject.toml").read_text()


def test_it_has_no_extras_and_says_how_to_get_them(installed: Installed) -> None:
    done = run(installed.keyhole, "console", "vm1", environment=installed.environment, folder=installed.folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("install keyhole[client]\n")
    assert done.stderr.count("\n") == 1

    settings = installed.folder / "keystone.toml"
    settings.write_text(SETTINGS)
    command = (installed.keyhole, "serve", "--config", settings)
    done = run(*command, environment=installed.environment, folder=installed.folder)
    assert done.returncode == 2
    assert "install keyhole[keystone]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def demo(installed: Installed, portal: BlockingPortal) -> Iterator[dict[str, str]]:
    """What the ready file of a running demo says."""
    ready = installed.folder / "ready.json"
    words = ("demo", "--simulated", "--port", str(free_port()), "--ready-file", ready)
    state = ("--state-dir", installed.folder / "state")
    environment = installed.environment
    with running(
        installed.keyhole, *words, *state, folder=installed.folder, environment=environment, name="demo"
    ) as process:

        def is_ready() -> bool:
            assert not process.has_ended(), process.stderr
            return ready.exists()

        portal.call(until, is_ready, START_SECONDS)
        yield json.loads(ready.read_text())
        assert process.end() == 0
        assert "Traceback" not in process.stderr


def test_the_demo_serves_its_pages(demo: dict[str, str]) -> None:
    with httpx.Client(base_url=demo["url"], timeout=20) as client:
        assert client.get("/healthz").status_code == 200
        for page in ("/", demo["console_url"]):
            answer = client.get(page)
            assert answer.status_code == 200
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_the_demo_gives_tokens_and_consoles(demo: dict[str, str]) -> None:
    user = {"name": demo["username"], "domain": {"name": "Default"}, "password": demo["password"]}
    scope = {"project": {"name": demo["project"], "domain": {"name": "Default"}}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    with httpx.Client(timeout=20) as client:
        token = client.post(f"{demo['identity_url']}/auth/tokens", json=body).raise_for_status()
        headers = {"X-Auth-Token": token.headers["X-Subject-Token"]}
        (server,) = client.get(f"{demo['compute_url']}/servers", headers=headers).raise_for_status().json()["servers"]
        action = {"os-getVNCConsole": {"type": "novnc"}}
        url = f"{demo['compute_url']}/servers/{server['id']}/action"
        assert client.post(url, headers=headers, json=action).raise_for_status().json()["console"]["url"]
