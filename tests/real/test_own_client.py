"""Keyhole's own client commands as a person runs them, against `keyhole demo --simulated`."""

import json
import os
import re
import ssl
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import trustme
from anyio.from_thread import BlockingPortal
from tests.fakes.waiting import until
from tests.real.consoles import novnc_size, serial_prompt, xvpvnc_size
from tests.real.processes import KEYHOLE, free_port, run, running
from tests.real.service import DEMO, SIMULATED, USERS, serving

pytest_plugins = ("tests.real.fixtures",)

START_SECONDS = 30

SIMULATED_SIZE = (640, 400)
LOGIN = b"login: "

CLOUDS = """
clouds:
  demo:
    auth:
      auth_url: {identity_url}
      username: {username}
      password: {password}
      project_name: {project}
    region_name: RegionOne
"""


@dataclass(frozen=True)
class Demo:
    """A demo that is ready: what its ready file says."""

    facts: Mapping[str, Any]

    @property
    def server(self) -> Mapping[str, str]:
        server: Mapping[str, str]
        (server,) = self.facts["servers"]
        return server

    @property
    def variables(self) -> dict[str, str]:
        return {
            "OS_AUTH_URL": self.facts["identity_url"],
            "OS_USERNAME": self.facts["username"],
            "OS_PASSWORD": self.facts["password"],
            "OS_PROJECT_NAME": self.facts["project"],
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
        }


Attempt = Callable[..., CompletedProcess[str]]


@pytest.fixture(scope="module")
def demo(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for all tests: they leave it as it was."""
    folder = tmp_path_factory.mktemp("demo")
    ready_file = folder / "ready.json"
    words = ("--simulated", "--port", str(free_port()), "--state-dir", folder / "state", "--ready-file", ready_file)
    with running(KEYHOLE, "demo", *words, folder=folder, name="demo") as process:

        def is_ready() -> bool:
            assert not process.has_ended(), process.stderr
            return ready_file.exists()

        portal.call(until, is_ready, START_SECONDS)
        yield Demo(json.loads(ready_file.read_text()))


@pytest.fixture
def attempt(demo: Demo, tmp_path: Path) -> Attempt:
    """Runs a command to its end, by the demo's OS_* variables unless `variables` are others."""

    def attempt(*words: str, variables: Mapping[str, str] | None = None, **more: str) -> CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        environment = kept | {"HOME": str(tmp_path)} | dict(demo.variables if variables is None else variables) | more
        return run(KEYHOLE, *words, environment=environment, folder=tmp_path)

    return attempt


@pytest.fixture
def ask(attempt: Attempt) -> Callable[..., str]:
    """Runs a command, which must succeed without any message on standard error; returns its output."""

    def ask(*words: str, **more: Any) -> str:
        done = attempt(*words, **more)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return ask


Ask = Callable[..., str]


class TestServers:
    def test_a_table(self, ask: Ask, demo: Demo) -> None:
        heading, row = ask("servers").splitlines()
        assert heading.split() == ["ID", "Name", "Status"]
        assert row.split() == [demo.server["id"], demo.server["name"], "ACTIVE"]

    def test_json(self, ask: Ask, demo: Demo) -> None:
        assert json.loads(ask("servers", "--format", "json")) == [{**demo.server, "status": "ACTIVE"}]

    def test_by_a_part_of_the_name(self, ask: Ask, demo: Demo) -> None:
        part = demo.server["name"][1:-1]
        assert len(json.loads(ask("servers", "--name", part, "--format", "json"))) == 1
        assert json.loads(ask("servers", "--name", ".*", "--format", "json")) == []

    def test_every_project_takes_an_admin(self, attempt: Attempt) -> None:
        done = attempt("servers", "--all-projects")
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch("keyhole: Policy doesn't allow .*\n", done.stderr)


class TestConsole:
    def test_the_link_opens(self, ask: Ask, demo: Demo, portal: BlockingPortal) -> None:
        url = ask("console", demo.server["name"]).removesuffix("\n")
        assert portal.call(novnc_size, url) == SIMULATED_SIZE

    def test_xvpvnc(self, ask: Ask, demo: Demo, portal: BlockingPortal) -> None:
        made = json.loads(ask("console", demo.server["id"], "--type", "xvpvnc", "--format", "json"))
        assert (made["server"], made["protocol"], made["type"]) == (demo.server["id"], "vnc", "xvpvnc")
        assert portal.call(xvpvnc_size, made["url"]) == SIMULATED_SIZE

    def test_serial(self, ask: Ask, demo: Demo, portal: BlockingPortal) -> None:
        url = ask("console", demo.server["name"], "--type", "serial").removesuffix("\n")
        assert LOGIN in portal.call(serial_prompt, url, LOGIN)

    def test_a_type_that_the_guest_has_not(self, attempt: Attempt, demo: Demo) -> None:
        done = attempt("console", demo.server["name"], "--type", "spice-html5")
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch("keyhole: Unavailable console type spice-html5.*\n", done.stderr)

    def test_the_persons_browser_is_given_the_link(self, ask: Ask, demo: Demo, tmp_path: Path) -> None:
        browser = tmp_path / "browser"
        browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
        browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
        printed = ask("console", demo.server["name"], "--open", BROWSER=f"{browser} %s")
        assert (tmp_path / "opened").read_text() == printed.removesuffix("\n")

    def test_no_such_server(self, attempt: Attempt) -> None:
        done = attempt("console", "nosuch")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "keyhole: there is no server 'nosuch' in the project\n"


class TestLog:
    def test_what_the_guest_wrote(self, ask: Ask, demo: Demo) -> None:
        log = ask("log", demo.server["name"])
        assert "serial console" in log
        assert ask("log", demo.server["name"], "--lines", "1") == log.splitlines(keepends=True)[-1]
        assert json.loads(ask("log", demo.server["name"], "--format", "json"))["server"] == demo.server["id"]


class TestCredential:
    def test_a_shell_signs_in_by_it_until_it_is_taken_back(
        self, ask: Ask, attempt: Attempt, demo: Demo, tmp_path: Path
    ) -> None:
        lines = ask("credential", "create", "night job", "--expires", "12h")
        script = f'{lines}\nexec "$0" "$@"'

        def in_its_shell(*words: str) -> CompletedProcess[str]:
            environment = {**os.environ, **demo.variables, "HOME": str(tmp_path)}
            return run("sh", "-c", script, KEYHOLE, *words, environment=environment, folder=tmp_path)

        assert in_its_shell("servers", "--format", "json").stdout == ask("servers", "--format", "json")
        assert in_its_shell("console", demo.server["name"]).stdout.startswith(demo.facts["url"])
        (listed,) = json.loads(ask("credential", "list", "--format", "json"))
        assert listed["name"] == "night job"
        assert ask("credential", "delete", listed["id"]) == ""
        done = in_its_shell("servers")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("keyhole: the sign-in was refused: ")

    def test_a_name_is_taken_once(self, ask: Ask, attempt: Attempt) -> None:
        made = json.loads(ask("credential", "create", "twice", "--format", "json"))
        done = attempt("credential", "create", "twice")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert made["id"] in ask("credential", "list")
        assert json.loads(ask("credential", "delete", made["id"], "--format", "json")) == {"deleted": made["id"]}
        assert attempt("credential", "delete", made["id"]).returncode == 1

    def test_an_expiry_that_is_over(self, attempt: Attempt) -> None:
        done = attempt("credential", "create", "late", "--expires", "2001-01-01")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


class TestSettings:
    def test_a_cloud_of_clouds_yaml(self, ask: Ask, demo: Demo, tmp_path: Path) -> None:
        (tmp_path / "clouds.yaml").write_text(CLOUDS.format(**demo.facts))
        assert demo.server["id"] in ask("servers", "--os-cloud", "demo", variables={})
        assert demo.server["id"] in ask("servers", variables={"OS_CLOUD": "demo"})

    def test_clouds_yaml_where_a_person_keeps_it(self, ask: Ask, demo: Demo, tmp_path: Path) -> None:
        folder = tmp_path / ".config" / "openstack"
        folder.mkdir(parents=True)
        (folder / "clouds.yaml").write_text(CLOUDS.format(**demo.facts))
        assert demo.server["id"] in ask("servers", "--os-cloud", "demo", variables={})

    def test_identity_of_version_2(self, ask: Ask, demo: Demo) -> None:
        old = demo.variables | {
            "OS_AUTH_TYPE": "v2password",
            "OS_IDENTITY_API_VERSION": "2",
            "OS_AUTH_URL": demo.facts["identity_url"].replace("/v3", "/v2.0"),
        }
        assert ask("console", demo.server["name"], variables=old).startswith(demo.facts["url"])

    def test_nothing_is_set(self, attempt: Attempt) -> None:
        done = attempt("servers", variables={})
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "OS_AUTH_URL, OS_USERNAME, OS_PASSWORD" in done.stderr

    def test_a_wrong_password(self, attempt: Attempt, demo: Demo) -> None:
        done = attempt("servers", variables=demo.variables | {"OS_PASSWORD": "not-this-one"})
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert "not-this-one" not in done.stderr

    def test_nobody_listens(self, attempt: Attempt, demo: Demo) -> None:
        url = f"http://127.0.0.1:{free_port()}/v3"
        done = attempt("servers", variables=demo.variables | {"OS_AUTH_URL": url})
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"keyhole: Unable to establish connection to {url}/auth/tokens: Connection refused\n"


class TestTls:
    @pytest.fixture(scope="class")
    @classmethod
    def secure(cls, portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
        """The variables for a service with a certificate, OS_CACERT among them."""
        folder = tmp_path_factory.mktemp("secure")
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1")
        authority.cert_pem.write_to_path(folder / "authority.pem")
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
        trust = ssl.create_default_context(cafile=folder / "authority.pem")
        keys = {"tls_certificate": str(folder / "server.pem"), "tls_key": str(folder / "server.pem")}
        with serving(portal, folder, USERS + SIMULATED, server=keys, trust=trust) as service:
            yield {
                "OS_AUTH_URL": f"{service.url}/identity/v3",
                "OS_USERNAME": DEMO.name,
                "OS_PASSWORD": DEMO.password,
                "OS_PROJECT_NAME": DEMO.project,
                "OS_CACERT": str(folder / "authority.pem"),
            }

    def test_an_authority_that_is_named(self, ask: Ask, secure: dict[str, str]) -> None:
        assert len(json.loads(ask("servers", "--format", "json", variables=secure))) == 1

    def test_an_authority_that_nobody_named(self, attempt: Attempt, secure: dict[str, str]) -> None:
        done = attempt("servers", variables=secure | {"OS_CACERT": ""})
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert "certificate verify failed" in done.stderr

    def test_a_file_that_is_not_there(self, attempt: Attempt, secure: dict[str, str]) -> None:
        done = attempt("servers", variables=secure | {"OS_CACERT": "/nowhere.pem"})
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert "/nowhere.pem" in done.stderr

    def test_no_check_at_all_makes_no_noise(self, ask: Ask, secure: dict[str, str]) -> None:
        assert ask("servers", variables=secure | {"OS_INSECURE": "true"})
