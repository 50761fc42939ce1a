"""Signing in with OpenStack's own clients, as they are: by application credential, and after too many failures."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from keystoneauth1.exceptions import Unauthorized
from keystoneauth1.identity.v3 import ApplicationCredential
from keystoneauth1.session import Session
from tests.real.consoles import novnc_size
from tests.real.processes import run
from tests.real.service import DEMO, SIMULATED, SIMULATED_ID, STRANGER, USERS, WATCHER, Service, serving

pytest_plugins = ("tests.real.fixtures",)

OPENSTACK = Path(sys.executable).with_name("openstack")

Asks = Callable[..., str]


@pytest.fixture(scope="module")
def service(portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(portal, tmp_path_factory.mktemp("service"), USERS + SIMULATED) as service:
        yield service


def by_password(service: Service) -> dict[str, str]:
    """The variables of somebody who knows the password."""
    return {
        "OS_AUTH_URL": f"{service.url}/identity/v3",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_USERNAME": DEMO.name,
        "OS_PASSWORD": DEMO.password,
        "OS_PROJECT_NAME": DEMO.project,
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
    }


def by_credential(service: Service, credential: dict[str, str]) -> dict[str, str]:
    """The variables of a script that holds an application credential, as the client has printed it."""
    return {
        "OS_AUTH_TYPE": "v3applicationcredential",
        "OS_AUTH_URL": f"{service.url}/identity/v3",
        "OS_APPLICATION_CREDENTIAL_ID": credential["ID"],
        "OS_APPLICATION_CREDENTIAL_SECRET": credential["Secret"],
    }


@pytest.fixture
def ask(tmp_path: Path) -> Asks:
    """Runs `openstack` with these variables and arguments; what it prints."""

    def ask(variables: dict[str, str], *arguments: str, status: int = 0) -> str:
        environment = os.environ | variables | {"HOME": str(tmp_path)}
        done = run(OPENSTACK, *arguments, environment=environment, folder=tmp_path)
        assert done.returncode == status, done.stderr
        return done.stdout if status == 0 else done.stderr

    return ask


def test_openstacks_client_makes_uses_and_deletes_an_application_credential(
    service: Service, portal: BlockingPortal, ask: Asks
) -> None:
    person = by_password(service)
    made = json.loads(ask(person, "application", "credential", "create", "robot", "--role", "member", "-f", "json"))
    listed = json.loads(ask(person, "application", "credential", "list", "-f", "json"))
    assert [(one["ID"], one["Name"]) for one in listed] == [(made["ID"], "robot")]

    script = by_credential(service, made)
    answer = json.loads(ask(script, "console", "url", "show", "-f", "json", SIMULATED_ID))
    assert portal.call(novnc_size, answer["url"])[0] > 0

    ask(person, "application", "credential", "delete", "robot")
    assert "requires authentication" in ask(script, "server", "list", status=1)


def test_keystoneauths_plugin_signs_in_by_id_and_by_name(service: Service) -> None:
    token = service.token_of(DEMO)
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    user_id = service.get("/identity/v3/auth/tokens", headers=headers).json()["token"]["user"]["id"]
    path = f"/identity/v3/users/{user_id}/application_credentials"
    with service.http as http:
        made = http.post(path, headers=headers, json={"application_credential": {"name": "plugin"}}).json()
    credential = made["application_credential"]
    url = f"{service.url}/identity/v3"
    secret = credential["secret"]
    for plugin in (
        ApplicationCredential(url, secret, application_credential_id=credential["id"]),
        ApplicationCredential(
            url, secret, application_credential_name="plugin", username=DEMO.name, user_domain_name="Default"
        ),
    ):
        session = Session(plugin)
        response = session.get("/servers", endpoint_filter={"service_type": "compute", "interface": "public"})
        assert [server["id"] for server in response.json()["servers"]] == [SIMULATED_ID]

    session = Session(plugin)
    before = session.get_token()
    with service.http as http:
        assert http.delete(f"{path}/{credential['id']}", headers=headers).status_code == 204
    refused = service.get("/compute/v2.1/servers", headers={"X-Auth-Token": str(before)})
    assert refused.status_code == 401
    session.invalidate()
    with pytest.raises(Unauthorized):
        session.get_token()


def test_whoever_guesses_waits_and_others_do_not(service: Service) -> None:
    for guess in range(5):
        assert service.sign_in(WATCHER.name, f"guess {guess}").status_code == 401
    response = service.sign_in(WATCHER.name, WATCHER.password)
    assert response.status_code == 429
    assert 1 <= int(response.headers["Retry-After"]) <= 2
    assert response.json()["error"]["title"] == "Too Many Requests"
    assert service.sign_in(STRANGER.name, STRANGER.password, STRANGER.project).status_code == 201
