"""A real Keystone: its tokens open consoles, and everything that it does not validate is refused."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import expect
from tests.api.test_roles import BODIES, CALLERS, RECORDED, name_of
from tests.fakes.waiting import until
from tests.fakes.wire import Frame, Wire
from tests.real.browser import ConsolePage
from tests.real.consoles import novnc_size, websocket
from tests.real.dashboard import Dashboard
from tests.real.keystone import Keystone, Person, new_keystone, password_of
from tests.real.processes import run
from tests.real.service import Service, serving

from keyhole.api.compute.operations import OPERATIONS, Operation
from keyhole.core.links import hash_token

pytest_plugins = ("tests.real.fixtures",)

SERVER_ID = "5174e000-0000-4000-8000-00000000000a"
OTHER_ID = "5174e000-0000-4000-8000-00000000000b"

CLOSE = 8
WITHDRAWN = "revoked: the user's rights were withdrawn"
REVIEW_SECONDS = 60

ASK_OFTEN = "[sessions]\nreauthorize_seconds = 1\nkeepalive_timeout_seconds = 600\n"
"""The viewers here give no sign of life while a Keystone starts, which takes a while."""

REQUIRED = "The request you have made requires authentication."


class Cloud:
    """A Keystone that runs, and a Keyhole that trusts it."""

    def __init__(self, keystone: Keystone, service: Service) -> None:
        self.keystone = keystone
        self.service = service

    def ask(
        self, token: str | None, method: str, path: str, content: Any = None, *, version: str = "2.6"
    ) -> httpx.Response:
        headers = {"OpenStack-API-Version": f"compute {version}"} | ({} if token is None else {"X-Auth-Token": token})
        with self.service.http as http:
            return http.request(method, f"/compute/v2.1{path}", json=content, headers=headers)

    def ask_console(self, token: str, server_id: str = SERVER_ID) -> httpx.Response:
        content = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
        return self.ask(token, "POST", f"/servers/{server_id}/remote-consoles", content)

    def assert_refused(self, token: str) -> None:
        response = self.ask(token, "GET", "/servers")
        assert response.status_code == 401
        assert response.json()["error"]["message"] == REQUIRED
        assert response.headers["WWW-Authenticate"] == f'Keystone uri="{self.keystone.url}"'

    def reviewed(self, portal: BlockingPortal, outcome: str = "allowed") -> None:
        """Waits until a whole round of questions about open consoles had this outcome."""
        name = f'keyhole_reauthorizations_total{{outcome="{outcome}"}} '

        def count() -> float:
            lines = self.service.get("/metrics").text.splitlines()
            return next(float(line.removeprefix(name)) for line in lines if line.startswith(name))

        before = count()
        portal.call(until, lambda: count() >= before + 2, REVIEW_SECONDS)


@dataclass(frozen=True)
class Console:
    """An open console, and what the service says of it."""

    wire: Wire
    fingerprint: str
    service: Service
    portal: BlockingPortal

    def is_open(self) -> bool:
        return self.fingerprint not in {event["token"] for event in self.service.events("console.closed")}

    def ending(self) -> Frame:
        """Waits until it is closed."""
        return self.portal.call(self._ending)

    async def _ending(self) -> Frame:
        while (frame := await self.wire.frame(REVIEW_SECONDS)).opcode != CLOSE:
            pass
        return frame


@contextmanager
def opened(cloud: Cloud, portal: BlockingPortal, token: str) -> Iterator[Console]:
    """A console that was requested with a token."""
    url = cloud.ask_console(token).raise_for_status().json()["remote_console"]["url"]
    with portal.wrap_async_context_manager(websocket(url)) as wire:
        portal.call(wire.rfb_handshake)
        yield Console(wire, hash_token(url.rpartition("%3D")[2])[:8], cloud.service, portal)


def guests(keystone: Keystone) -> str:
    """A simulated guest in each of two projects, which are named by their ids."""
    lines = "[drivers.simulated]\n"
    for server_id, project in ((SERVER_ID, "demo"), (OTHER_ID, "other")):
        keys = {"id": server_id, "name": f"{project}-vm", "project": keystone.projects[project]}
        lines += "[[drivers.simulated.servers]]\n" + "".join(f"{key} = {json.dumps(keys[key])}\n" for key in keys)
    return lines


@pytest.fixture(scope="module")
def keystone(
    portal: BlockingPortal, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Keystone]:
    keystone = new_keystone(pytestconfig.rootpath, tmp_path_factory.mktemp("keystone"))
    try:
        keystone.start(portal)
        keystone.add_people()
        yield keystone
    finally:
        keystone.stop()


@pytest.fixture(scope="module")
def cloud(portal: BlockingPortal, keystone: Keystone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with serving(
        portal, tmp_path_factory.mktemp("keyhole"), keystone.settings + ASK_OFTEN + guests(keystone)
    ) as service:
        yield Cloud(keystone, service)


def test_a_token_of_keystone_opens_a_console(cloud: Cloud, portal: BlockingPortal) -> None:
    token = cloud.keystone.sign_in("demo", "demo")
    servers = cloud.ask(token, "GET", "/servers").json()["servers"]
    assert [(server["id"], server["name"]) for server in servers] == [(SERVER_ID, "demo-vm")]
    response = cloud.ask_console(token)
    assert response.status_code == 200
    width, height = portal.call(novnc_size, response.json()["remote_console"]["url"])
    assert width > 0
    assert height > 0
    assert token not in cloud.service.running.stderr


def test_the_url_may_name_the_project(cloud: Cloud) -> None:
    token = cloud.keystone.sign_in("demo", "demo")
    mine, theirs = (f"/{cloud.keystone.projects[name]}/servers" for name in ("demo", "other"))
    assert cloud.ask(token, "GET", mine).status_code == 200
    assert cloud.ask(token, "GET", theirs).status_code == 400


def test_a_wrong_token_is_refused(cloud: Cloud) -> None:
    for token in ("wrong", "gAAAAABl" + "A" * 180, cloud.keystone.sign_in("demo", "demo")[:-4] + "AAAA"):
        cloud.assert_refused(token)
    assert cloud.ask(None, "GET", "/servers").headers["WWW-Authenticate"] == f'Keystone uri="{cloud.keystone.url}"'


def test_a_revoked_token_is_refused(cloud: Cloud) -> None:
    token = cloud.keystone.sign_in("demo", "demo")
    cloud.keystone.revoke(token)
    cloud.assert_refused(token)


def test_a_reader_sees_and_opens_no_console(cloud: Cloud) -> None:
    token = cloud.keystone.sign_in("watcher", "demo")
    assert cloud.ask(token, "GET", f"/servers/{SERVER_ID}").status_code == 200
    assert cloud.ask_console(token).status_code == 403


def test_servers_of_another_project_are_not_there(cloud: Cloud) -> None:
    token = cloud.keystone.sign_in("stranger", "other")
    assert cloud.ask_console(token, SERVER_ID).status_code == 404
    assert cloud.ask_console(token, OTHER_ID).status_code == 200


def test_an_admin_opens_consoles_of_every_project(cloud: Cloud) -> None:
    token = cloud.keystone.sign_in("admin", "admin")
    assert [cloud.ask_console(token, server_id).status_code for server_id in (SERVER_ID, OTHER_ID)] == [200, 200]


@pytest.fixture(scope="module")
def tokens(cloud: Cloud) -> dict[str, str]:
    """A token of each person, for the person's own project."""
    people = {"watcher": "demo", "demo": "demo", "admin": "admin", "stranger": "other"}
    return {name: cloud.keystone.sign_in(name, project) for name, project in people.items()}


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_roles_of_keystone_are_those_of_the_table(cloud: Cloud, tokens: dict[str, str], operation: Operation) -> None:
    link = cloud.ask_console(tokens["demo"]).json()["remote_console"]["url"].rpartition("%3D")[2]
    flavor = cloud.ask(tokens["demo"], "GET", "/flavors").json()["flavors"][0]["id"]
    path = operation.path.format(server_id=SERVER_ID, token=link, console_id="1", flavor_id=flavor)
    content = BODIES[operation.name] if operation.takes_body else None
    answers = {
        name: cloud.ask(token, operation.method, path, content, version=str(operation.oldest))
        for name, token in tokens.items()
    }
    expected = dict(zip(CALLERS, RECORDED[name_of(operation)], strict=True))
    # This server has a VNC console only: who may have a SPICE or serial one is told that there is none.
    allowed = {200, 400, 404} if operation.action and "VNC" not in operation.action else {200}
    for name, answer in answers.items():
        assert answer.status_code in (allowed if expected[name] == 200 else {expected[name]}), (name, answer.text)


def test_an_unscoped_token_may_nothing(cloud: Cloud) -> None:
    token = cloud.keystone.sign_in("demo", None)
    assert cloud.ask(token, "GET", "/servers").status_code == 403
    assert cloud.ask_console(token).status_code == 404


def test_an_application_credential_of_keystone_is_as_good_and_one_with_access_rules_is_not(cloud: Cloud) -> None:
    token = cloud.keystone.sign_in("demo", "demo")
    user_id = cloud.keystone.user_id_of(token)
    rules = [{"method": "GET", "path": "/v2.1/servers", "service": "compute"}]
    for name, more, status in (("free", {}, 200), ("ruled", {"access_rules": rules}, 401)):
        content = {"application_credential": {"name": name} | more}
        made = cloud.keystone.ask("POST", f"/v3/users/{user_id}/application_credentials", token, content).json()
        method = {key: made["application_credential"][key] for key in ("id", "secret")}
        identity = {"methods": ["application_credential"], "application_credential": method}
        signed_in = cloud.keystone.ask("POST", "/v3/auth/tokens", None, {"auth": {"identity": identity}})
        assert cloud.ask(signed_in.headers["X-Subject-Token"], "GET", "/servers").status_code == status


def test_tokens_are_not_issued_here_and_clients_are_shown_where(cloud: Cloud) -> None:
    versions = cloud.service.get("/identity")
    assert versions.status_code == 300
    assert versions.json()["versions"]["values"][0]["links"][0]["href"] == f"{cloud.keystone.url}/v3/"
    with cloud.service.http as http:
        response = http.post("/identity/v3/auth/tokens", json={})
    assert response.status_code == 404
    assert cloud.keystone.url in response.json()["error"]["message"]


def test_openstacks_client_finds_keyhole_in_keystones_catalog(
    cloud: Cloud, portal: BlockingPortal, tmp_path: Path
) -> None:
    cloud.keystone.add_compute(f"{cloud.service.url}/compute/v2.1")
    environment = os.environ | cloud.keystone.credentials("demo", "demo") | {"HOME": str(tmp_path)}
    openstack = Path(sys.executable).with_name("openstack")
    done = run(openstack, "console", "url", "show", "-f", "json", "demo-vm", environment=environment, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["type"] == "novnc"
    assert portal.call(novnc_size, answer["url"])

    # A client that was told Keyhole's own identity address is told the right one.
    environment["OS_AUTH_URL"] = f"{cloud.service.url}/identity"
    done = run(openstack, "server", "list", environment=environment, folder=tmp_path)
    assert done.returncode == 1
    assert f"Tokens are not issued here; ask the identity service at {cloud.keystone.url}/v3/." in done.stderr


class TestSignIn:
    """Persons sign in on Keyhole's page; the password goes to Keystone and the token comes back as a cookie."""

    PAGE: ClassVar = {"X-Keyhole-Page": "1"}

    @staticmethod
    def sign_in(cloud: Cloud, user: str, password: str, **more: str) -> httpx.Response:
        with cloud.service.http as http:
            return http.post("/v1/sign-in", json={"username": user, "password": password, **more})

    @pytest.mark.parametrize("more", [{}, {"project": "demo"}, {"project": "demo", "domain": "Default"}])
    def test_a_person_sees_the_own_servers_and_signs_out(self, cloud: Cloud, more: dict[str, str]) -> None:
        answer = self.sign_in(cloud, "demo", password_of("demo"), **more)
        assert answer.status_code == 200, answer.text
        assert answer.json()["project"] == {"id": cloud.keystone.projects["demo"], "name": "demo"}
        assert "member" in answer.json()["roles"]
        headers = self.PAGE | {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
        servers = cloud.service.get("/compute/v2.1/servers", headers=headers).json()["servers"]
        assert [server["id"] for server in servers] == [SERVER_ID]
        with cloud.service.http as http:
            assert http.post("/v1/sign-out", headers=headers).status_code == 204
        assert cloud.service.get("/v1/me", headers=headers).status_code == 401
        written = cloud.service.running.stderr
        assert password_of("demo") not in written
        assert headers["Cookie"].partition("=")[2] not in written

    @pytest.mark.parametrize(
        ("user", "project"), [("demo", {}), ("nobody-at-all", {}), ("watcher", {"project": "nosuch"})]
    )
    def test_a_wrong_sign_in_is_refused(self, cloud: Cloud, user: str, project: dict[str, str]) -> None:
        password = password_of(user) if project else "wrong"
        answer = self.sign_in(cloud, user, password, **project)
        assert answer.status_code == 401
        assert answer.json()["reason"] == "not_authenticated"
        assert "Set-Cookie" not in answer.headers


def test_a_person_of_keystones_goes_from_sign_in_to_a_console_and_out(cloud: Cloud, viewer: ConsolePage) -> None:
    dashboard = Dashboard(viewer, cloud.service)
    dashboard.goto()
    dashboard.expect_form()
    dashboard.fill_in("demo", "wrong")
    expect(dashboard.page.locator(".sentence")).to_have_text("Wrong user name, password or project.")
    dashboard.fill_in("demo", password_of("demo"))
    dashboard.expect_signed_in()
    expect(dashboard.page.locator(".person")).to_contain_text("demo, project demo")
    expect(dashboard.count).to_have_text("1 server")
    expect(dashboard.row("demo-vm").locator(".project")).to_have_text("demo")
    dashboard.row("demo-vm").get_by_role("button", name="VNC").click()
    dashboard.page.wait_for_url("**/c/*")
    viewer.expect_connected()
    dashboard.page.go_back()
    dashboard.expect_signed_in()
    dashboard.page.locator("#sign-out").click()
    dashboard.expect_form()
    dashboard.page.reload()
    dashboard.expect_form()


@pytest.fixture
def stopped(cloud: Cloud, portal: BlockingPortal) -> Iterator[None]:
    """Keystone is stopped by the test; afterwards it runs as before."""
    yield
    cloud.keystone.stop()
    cloud.keystone.start(portal)


@pytest.mark.usefixtures("stopped")
def test_a_keystone_that_stops_is_told_and_taken_up_again(cloud: Cloud, portal: BlockingPortal) -> None:
    known, unknown = (cloud.keystone.sign_in("demo", "demo") for _ in range(2))
    admin = {"X-Auth-Token": cloud.keystone.sign_in("admin", "admin")}
    assert cloud.ask(known, "GET", "/servers").status_code == 200
    assert cloud.service.get("/readyz", headers=admin).json()["problems"] == []
    portal.call(until, lambda: cloud.service.get("/readyz").status_code == 200)

    cloud.keystone.stop()
    assert cloud.ask(known, "GET", "/servers").status_code == 200, "what was believed is believed on"
    response = cloud.ask(unknown, "GET", "/servers")
    assert response.status_code == 503
    message = response.json()["serviceUnavailable"]["message"]
    assert message == f"The identity service {cloud.keystone.url} cannot be reached."
    portal.call(until, lambda: cloud.service.get("/readyz").status_code == 503)
    assert cloud.service.get("/readyz").json()["parts"]["identity"] == 1
    problems = cloud.service.get("/readyz", headers=admin).json()["problems"]
    assert problems == [{"part": "identity", "sentence": message}]

    cloud.keystone.start(portal, token_seconds=4)
    assert cloud.ask(unknown, "GET", "/servers").status_code == 200
    portal.call(until, lambda: cloud.service.get("/readyz").status_code == 200)
    short_lived = cloud.keystone.sign_in("demo", "demo")
    assert cloud.ask(short_lived, "GET", "/servers").status_code == 200
    portal.call(until, lambda: cloud.ask(short_lived, "GET", "/servers").status_code == 401)
    cloud.assert_refused(short_lived)


class TestWithdrawnRights:
    """Rights that Keystone revokes end the user's open consoles."""

    @pytest.fixture
    def person(self, cloud: Cloud) -> Person:
        return cloud.keystone.add_person("demo")

    def test_a_revoked_token_takes_its_consoles_and_no_others(
        self, cloud: Cloud, portal: BlockingPortal, person: Person
    ) -> None:
        token, other = (cloud.keystone.sign_in(person.name, "demo") for _ in range(2))
        with opened(cloud, portal, token) as lost, opened(cloud, portal, other) as kept:
            cloud.keystone.revoke(token)
            assert lost.ending().close_reason == WITHDRAWN
            cloud.reviewed(portal)
            assert kept.is_open()

    @pytest.mark.parametrize("change", ["take_role", "disable_user", "delete_user", "disable_project"])
    def test_whatever_takes_the_rights_takes_the_console(
        self, cloud: Cloud, portal: BlockingPortal, person: Person, change: str
    ) -> None:
        with opened(cloud, portal, cloud.keystone.sign_in(person.name, "demo")) as console:
            cloud.reviewed(portal)
            assert console.is_open()
            getattr(cloud.keystone, change)(person)
            try:
                assert console.ending().close_reason == WITHDRAWN
            finally:
                cloud.keystone.enable_project(person)

    @pytest.mark.usefixtures("stopped")
    def test_neither_an_expired_token_nor_a_silent_keystone_takes_anything(
        self, cloud: Cloud, portal: BlockingPortal, person: Person
    ) -> None:
        cloud.keystone.stop()
        cloud.keystone.start(portal, token_seconds=20)
        cloud.ask_console(cloud.keystone.sign_in(person.name, "demo"))  # the first answers of a Keystone take long
        token = cloud.keystone.sign_in(person.name, "demo")
        with opened(cloud, portal, token) as console:
            portal.call(until, lambda: cloud.ask(token, "GET", "/servers").status_code == 401, REVIEW_SECONDS)
            cloud.reviewed(portal)
            assert console.is_open()
            cloud.keystone.stop()
            cloud.reviewed(portal, "unknown")
            cloud.reviewed(portal, "unknown")
            assert console.is_open()
            silences = [event["problem"] for event in cloud.service.events("service.degraded")]
            cloud.keystone.start(portal)
            cloud.reviewed(portal)
            assert console.is_open()
            cloud.keystone.take_role(person)
            assert console.ending().close_reason == WITHDRAWN
        assert silences
        assert len(set(silences)) == len(silences), "each is told once"
