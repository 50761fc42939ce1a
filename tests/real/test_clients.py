"""OpenStack's unmodified clients: their requests are answered, and the consoles that they get can be opened."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import openstack
import pytest
from anyio.from_thread import BlockingPortal
from keystoneauth1.identity.v2 import Password as PasswordV2
from keystoneauth1.session import Session
from openstack.connection import Connection
from rackspaceauth.v2 import APIKey
from tests.real.consoles import novnc_size, serial_prompt, websocket_target, xvpvnc_size
from tests.real.pictures import VGA_SIZE
from tests.real.processes import KEYHOLE, run
from tests.real.service import DEMO, USERS, Service, User, guests_found_at, serving

from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

BIN = Path(sys.executable).parent
REGION = "RegionOne"
LOGIN = b"shared login: "

ADMIN = User("admin", "admin-password", "demo", ("admin",))
API_KEY = "0123456789abcdef0123456789abcdef"
RACK = "rack"

SPICE_ID = "00000000-0000-4000-8000-00000000005c"
SPICE_SERVER = f"""
[[servers]]
id = "{SPICE_ID}"
name = "spiced"
project = "demo"
spice = {{ url = "tcp://127.0.0.1:5930" }}
"""

Opens = Callable[[str, str], None]
Ask = Callable[..., str]


def credentials(service: Service, user: User = DEMO) -> dict[str, str]:
    """The variables that the clients read, as the demo prints them."""
    return {
        "OS_AUTH_URL": f"{service.url}/identity/v3",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_USERNAME": user.name,
        "OS_PASSWORD": user.password,
        "OS_PROJECT_NAME": user.project,
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
        "OS_REGION_NAME": REGION,
    }


@pytest.fixture(scope="module")
def service(portal: BlockingPortal, guest: DemoGuest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The shared real guest, a server that offers SPICE, an admin, and a user with an API key."""
    key_hash = run(KEYHOLE, "config", "hash-password", text=f"{API_KEY}\n").stdout.strip()
    rack = User(RACK, "rack-password", "demo", ("member",)).settings + f'api_key_hash = "{key_hash}"\n'
    settings = f"{USERS}{ADMIN.settings}{rack}{SPICE_SERVER}{guests_found_at(guest.qmp_path)}"
    with serving(portal, tmp_path_factory.mktemp("service"), settings) as service:
        yield service


@pytest.fixture
def opens(portal: BlockingPortal) -> Opens:
    """Opens a console of the shared guest as its type's own client does, and hears the guest."""

    def check(console_type: str, url: str) -> None:
        match console_type:
            case "novnc":
                assert portal.call(novnc_size, url) == VGA_SIZE
            case "xvpvnc":
                assert portal.call(xvpvnc_size, url) == VGA_SIZE
            case "serial":
                assert LOGIN in portal.call(serial_prompt, url, LOGIN)

    return check


@pytest.fixture
def attempt(service: Service, tmp_path: Path) -> Callable[..., CompletedProcess[str]]:
    """Runs a client with these arguments to its end, signed in as the demo's user unless `variables` say otherwise."""

    def attempt(client: str, *arguments: str, variables: Mapping[str, str] | None = None) -> CompletedProcess[str]:
        environment = os.environ | (variables or credentials(service)) | {"HOME": str(tmp_path)}
        return run(BIN / client, *arguments, environment=environment, folder=tmp_path)

    return attempt


@pytest.fixture
def ask(attempt: Callable[..., CompletedProcess[str]]) -> Ask:
    """Runs a client, which must succeed; returns its output."""

    def ask(*arguments: str, **more: Any) -> str:
        done = attempt(*arguments, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return ask


class TestOpenStackClient:
    @pytest.mark.parametrize(
        ("console_type", "options", "by"),
        [
            ("novnc", (), "name"),
            ("serial", (), "id"),
            ("xvpvnc", ("--os-compute-api-version", "2.1"), "name"),
        ],
    )
    def test_a_console_link_is_given_and_opens(
        self,
        ask: Ask,
        opens: Opens,
        guest: DemoGuest,
        console_type: str,
        options: tuple[str, ...],
        by: str,
    ) -> None:
        server = guest.name if by == "name" else guest.server_id
        answer = json.loads(
            ask("openstack", *options, "console", "url", "show", f"--{console_type}", "-f", "json", server)
        )
        assert answer["type"] == console_type
        opens(console_type, answer["url"])

    def test_servers_are_listed(self, ask: Ask, guest: DemoGuest) -> None:
        listed = json.loads(ask("openstack", "server", "list", "-f", "json"))
        assert {(server["ID"], server["Name"], server["Status"]) for server in listed} >= {
            (guest.server_id, guest.name, "ACTIVE")
        }

    def test_a_server_is_shown(self, ask: Ask, guest: DemoGuest) -> None:
        shown = json.loads(ask("openstack", "server", "show", "-f", "json", guest.name))
        assert (shown["id"], shown["name"], shown["status"]) == (guest.server_id, guest.name, "ACTIVE")
        assert (shown["flavor"]["ram"], shown["flavor"]["vcpus"]) == (128, 1)

    def test_the_consoles_log_is_shown(self, ask: Ask, guest: DemoGuest) -> None:
        log = ask("openstack", "console", "log", "show", "--lines", "3", guest.name)
        assert len(log.splitlines()) == 3
        assert log.rstrip("\n").endswith(LOGIN.decode())

    def test_the_whole_log_is_shown(self, ask: Ask, guest: DemoGuest) -> None:
        assert ask("openstack", "console", "log", "show", guest.name).rstrip("\n") == whole_log(guest).rstrip("\n")

    @pytest.mark.parametrize("options", [(), ("--os-compute-api-version", "2.1")])
    def test_a_spice_link_is_given_where_a_server_offers_it(
        self, ask: Ask, service: Service, options: tuple[str, ...]
    ) -> None:
        answer = json.loads(ask("openstack", *options, "console", "url", "show", "--spice", "-f", "json", "spiced"))
        assert answer["type"] == "spice-html5"
        assert answer["url"].startswith(f"{service.url}/spice_auto.html?token=")

    @pytest.mark.parametrize("option", ["--spice", "--mks", "--rdp"])
    def test_a_type_that_is_not_offered(
        self, attempt: Callable[..., CompletedProcess[str]], guest: DemoGuest, option: str
    ) -> None:
        done = attempt("openstack", "console", "url", "show", option, guest.name)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("BadRequestException: 400: ")

    def test_an_admin_sees_where_a_link_leads(self, ask: Ask, service: Service) -> None:
        token = service.console_url(SPICE_ID, "spice-html5").rpartition("token=")[2]
        admin = credentials(service, ADMIN)
        shown = json.loads(ask("openstack", "console", "connection", "show", "-f", "json", token, variables=admin))
        assert (shown["instance_uuid"], shown["host"], shown["port"]) == (SPICE_ID, "127.0.0.1", 5930)

    def test_a_member_does_not(self, attempt: Callable[..., CompletedProcess[str]]) -> None:
        done = attempt("openstack", "console", "connection", "show", "some-token")
        assert (done.returncode, done.stdout) == (1, "")
        assert "Policy doesn't allow os_compute_api:os-console-auth-tokens to be performed." in done.stderr

    def test_a_server_that_is_not_there(self, attempt: Callable[..., CompletedProcess[str]]) -> None:
        done = attempt("openstack", "console", "url", "show", "nosuch")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.strip() == "No Server found for nosuch"


def whole_log(guest: DemoGuest) -> str:
    """What the guest wrote, as the API shows it: without control characters, of which other tests' shells left some."""
    text = guest.serial_log.read_bytes().decode("latin-1").encode("ascii", "replace").decode()
    return re.sub(r"[\x00-\x08\x0b-\x1f]", "", text)


OLD = ("--os-compute-api-version", "2.1")
NEW = ("--os-compute-api-version", "2.latest")


class TestNovaClient:
    @pytest.mark.parametrize("options", [(), OLD, NEW], ids=["as it is", "2.1", "newest"])
    @pytest.mark.parametrize(
        ("console_type", "command"),
        [
            ("novnc", ("get-vnc-console", "{server}", "novnc")),
            ("xvpvnc", ("get-vnc-console", "{server}", "xvpvnc")),
            ("serial", ("get-serial-console", "{server}")),
        ],
    )
    def test_a_console_link_is_given_and_opens(
        self,
        ask: Ask,
        opens: Opens,
        guest: DemoGuest,
        console_type: str,
        command: tuple[str, ...],
        options: tuple[str, ...],
    ) -> None:
        table = ask("nova", *options, *(word.format(server=guest.name) for word in command))
        (row,) = re.findall(rf"\| {console_type} +\| (\S+) +\|", table)
        opens(console_type, row)

    @pytest.mark.parametrize("options", [OLD, NEW], ids=["2.1", "newest"])
    def test_the_whole_log_is_shown(self, ask: Ask, guest: DemoGuest, options: tuple[str, ...]) -> None:
        assert ask("nova", *options, "console-log", guest.name).rstrip("\n") == whole_log(guest).rstrip("\n")

    @pytest.mark.parametrize("options", [OLD, NEW], ids=["2.1", "newest"])
    def test_the_consoles_log_is_shown(self, ask: Ask, guest: DemoGuest, options: tuple[str, ...]) -> None:
        log = ask("nova", *options, "console-log", "--length", "3", guest.name)
        assert log.rstrip("\n").endswith(LOGIN.decode())
        assert len(log.rstrip("\n").splitlines()) == 3


# The library uses parts of itself that it warns of.
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
class TestSdk:
    @pytest.fixture(scope="class")
    @classmethod
    def cloud(cls, service: Service) -> Iterator[Connection]:
        values: dict[str, Any] = {
            name.removeprefix("OS_").lower(): value for name, value in credentials(service).items()
        }
        values.pop("identity_api_version")
        with closing(openstack.connect(load_envvars=False, load_yaml_config=False, **values)) as cloud:
            yield cloud

    @pytest.mark.parametrize("console_type", ["novnc", "xvpvnc", "serial"])
    def test_a_console_link_is_given_and_opens(
        self, cloud: Connection, opens: Opens, guest: DemoGuest, console_type: str
    ) -> None:
        server = cloud.compute.find_server(guest.name)
        assert server is not None
        answer = cloud.compute.create_console(server, console_type)
        assert answer is not None
        assert answer["type"] == console_type
        opens(console_type, answer["url"])

    @pytest.mark.parametrize("console_type", ["spice-html5", "spice-direct", "webmks"])
    def test_a_type_that_is_not_offered_is_refused_by_name(
        self, cloud: Connection, guest: DemoGuest, console_type: str
    ) -> None:
        with pytest.raises(openstack.exceptions.BadRequestException, match=f"Unavailable console type {console_type}"):
            cloud.compute.create_console(guest.server_id, console_type)

    def test_a_type_that_there_is_no_more(self, cloud: Connection, guest: DemoGuest) -> None:
        with pytest.raises(openstack.exceptions.BadRequestException, match="There are no RDP consoles"):
            cloud.compute.create_console(guest.server_id, "rdp-html5")

    def test_a_type_that_it_does_not_know(self, cloud: Connection, guest: DemoGuest) -> None:
        with pytest.raises(openstack.exceptions.BadRequestException, match="None is not of type 'string'"):
            cloud.compute.create_console(guest.server_id, "nosuch")

    @pytest.mark.parametrize(("console_type", "page"), [("spice-html5", "spice_auto.html"), ("spice-direct", "nova")])
    def test_spice_where_a_server_offers_it(
        self, cloud: Connection, service: Service, console_type: str, page: str
    ) -> None:
        answer = cloud.compute.create_console(SPICE_ID, console_type)
        assert answer is not None
        assert (answer["protocol"], answer["type"]) == ("spice", console_type)
        assert re.fullmatch(rf"{service.url}/{page}\?token=[0-9a-f-]{{36}}", answer["url"])

    def test_the_consoles_log_is_given(self, cloud: Connection, guest: DemoGuest) -> None:
        last = cloud.get_server_console(guest.name, length=3)
        assert last is not None
        assert last.endswith(LOGIN.decode())
        assert cloud.get_server_console(guest.name) == whole_log(guest)


class TestTheOldWay:
    """Identity v2.0 and the catalogue of the first public clouds, as their clients of the time used them."""

    def test_an_xvpvnc_console_through_the_v2_catalogue(self, service: Service, opens: Opens, guest: DemoGuest) -> None:
        with service.http as client:
            who = {"username": "demo", "password": DEMO.password}
            body = {"auth": {"passwordCredentials": who, "tenantName": "demo"}}
            access = client.post("/identity/v2.0/tokens", json=body).raise_for_status().json()["access"]
            (compute,) = (entry for entry in access["serviceCatalog"] if entry["type"] == "compute")
            project = access["token"]["tenant"]["id"]
            (url,) = {
                endpoint["publicURL"]
                for endpoint in compute["endpoints"]
                if endpoint["publicURL"].endswith(f"/v2/{project}")
            }
            answer = client.post(
                f"{url}/servers/{guest.server_id}/action",
                json={"os-getVNCConsole": {"type": "xvpvnc"}},
                headers={"X-Auth-Token": access["token"]["id"], "Accept": "application/json"},
            )
        assert answer.status_code == 200
        console = answer.json()["console"]
        assert (set(console), console["type"]) == ({"type", "url"}, "xvpvnc")
        assert console["url"].startswith(f"{service.url}/console?token=")
        opens("xvpvnc", console["url"])

    def test_openstackclient_signs_in_by_v2_password(
        self, ask: Ask, service: Service, opens: Opens, guest: DemoGuest
    ) -> None:
        variables = {
            "OS_AUTH_TYPE": "v2password",
            "OS_AUTH_URL": f"{service.url}/identity/v2.0",
            "OS_USERNAME": "demo",
            "OS_PASSWORD": DEMO.password,
            "OS_TENANT_NAME": "demo",
        }
        words = ("console", "url", "show", "--xvpvnc", "-f", "value", "-c", "url", guest.name)
        opens("xvpvnc", ask("openstack", *words, variables=variables).strip())

    @pytest.mark.parametrize("way", ["password", "API key"])
    def test_the_plug_ins_of_v2_sign_in(self, service: Service, opens: Opens, guest: DemoGuest, way: str) -> None:
        url = f"{service.url}/identity/v2.0/"
        if way == "password":
            plugin = PasswordV2(url, username=DEMO.name, password=DEMO.password, tenant_name="demo")
        else:
            plugin = APIKey(username=RACK, api_key=API_KEY, auth_url=url)
        answer = Session(plugin).post(
            f"/servers/{guest.server_id}/action",
            json={"os-getVNCConsole": {"type": "xvpvnc"}},
            endpoint_filter={"service_type": "compute", "interface": "public"},
        )
        opens("xvpvnc", answer.json()["console"]["url"])


class TestADashboardsSuffix:
    """Horizon puts `&title=NAME(ID)` behind every link that is not a serial one."""

    @pytest.mark.parametrize("console_type", ["novnc", "xvpvnc"])
    def test_the_page_opens(self, service: Service, guest: DemoGuest, console_type: str) -> None:
        url = f"{service.console_url(guest.server_id, console_type)}&title={guest.name}({guest.server_id})"
        answer = service.get(url, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")

    def test_the_console_opens(self, portal: BlockingPortal, service: Service, guest: DemoGuest) -> None:
        suffix = f"&title={guest.name}({guest.server_id})"
        assert portal.call(novnc_size, service.console_url(guest.server_id) + suffix) == VGA_SIZE
        assert portal.call(xvpvnc_size, service.console_url(guest.server_id, "xvpvnc") + suffix) == VGA_SIZE
        socket_url = f"ws://127.0.0.1:{service.port}{websocket_target(service.console_url(guest.server_id))}{suffix}"
        assert portal.call(novnc_size, socket_url) == VGA_SIZE
