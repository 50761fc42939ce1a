"""Rules for every request to the compute API: documents, tokens, versions, content types, order of checks."""

import re
from typing import Any

import pytest
from tests.api.world import PUBLIC_URL, SERVER_ID, World, project_id_of

from keyhole.api.http import API_BODY_LIMIT_BYTES
from keyhole.errors import Unavailable

ROOT = "/compute/v2.1"
ACTION = f"{ROOT}/servers/{SERVER_ID}/action"
GOOD = '{"os-getVNCConsole": {"type": "novnc"}}'
REQUEST_ID = re.compile(r"req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
VERSION_HEADERS = ("OpenStack-API-Version", "X-OpenStack-Nova-API-Version")


def message(response: Any) -> str:
    ((fault),) = response.json().values()
    assert fault["code"] == response.status_code
    text = fault["message"]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("path", ["/compute", "/compute/"])
async def test_the_root_lists_the_versions_without_a_token(path: str) -> None:
    response = await World().ask("GET", path, user=None)
    assert response.status_code == 200
    old, new = response.json()["versions"]
    assert (old["id"], old["status"], old["version"], old["min_version"]) == ("v2.0", "DEPRECATED", "", "")
    assert (new["id"], new["status"], new["version"], new["min_version"]) == ("v2.1", "CURRENT", "2.104", "2.1")
    assert old["links"] == [{"rel": "self", "href": f"{PUBLIC_URL}/compute/v2/"}]
    assert new["links"] == [{"rel": "self", "href": f"{PUBLIC_URL}/compute/v2.1/"}]
    assert not any(name in response.headers for name in VERSION_HEADERS)


@pytest.mark.parametrize("path", [ROOT, f"{ROOT}/"])
async def test_the_version_document_tells_the_range(path: str) -> None:
    response = await World().ask("GET", path, user=None)
    assert response.status_code == 200
    version = response.json()["version"]
    assert (version["id"], version["version"], version["min_version"]) == ("v2.1", "2.104", "2.1")
    assert [link["rel"] for link in version["links"]] == ["self", "describedby"]
    assert version["media-types"][0]["type"].endswith("version=2.1")
    assert response.headers["OpenStack-API-Version"] == "compute 2.1"


@pytest.mark.parametrize("path", ["/compute/v2", "/compute/v2/"])
async def test_the_legacy_document_has_empty_versions(path: str) -> None:
    response = await World().ask("GET", path, user=None, OpenStack_API_Version="compute 2.6")
    version = response.json()["version"]
    assert (version["id"], version["version"], version["min_version"]) == ("v2.0", "", "")
    assert not any(name in response.headers for name in VERSION_HEADERS)


@pytest.mark.parametrize("path", ["/foo", "/v3/servers", "/v2.10", "//v2.1/servers"])
async def test_any_other_root_has_choices(path: str) -> None:
    response = await World().ask("GET", f"/compute{path}", user=None)
    assert response.status_code == 300
    assert [choice["links"][0]["href"] for choice in response.json()["choices"]] == [
        f"{PUBLIC_URL}/compute/v2{path}",
        f"{PUBLIC_URL}/compute/v2.1{path}",
    ]


@pytest.mark.parametrize("host", ["evil.example.com", "console.example.com:1"])
async def test_links_never_follow_the_host_header(host: str) -> None:
    for path in ("/compute", f"{ROOT}/servers", "/identity/v3"):
        response = await World().ask("GET", path, Host=host, X_Forwarded_Host=host, X_Forwarded_Proto="gopher")
        assert host not in response.text
        assert PUBLIC_URL in response.text


@pytest.mark.parametrize("token", [None, "", "bad"])
@pytest.mark.parametrize("path", [f"{ROOT}/servers", f"{ROOT}/nosuch", "/compute/v2/servers", f"{ROOT}/abc/"])
async def test_without_a_good_token_nothing_is_told(token: str | None, path: str) -> None:
    world = World()
    headers = {} if token is None else {"X-Auth-Token": token}
    response = await world.ask("GET", path, user=None, OpenStack_API_Version="compute abc", **headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == f'Keystone uri="{PUBLIC_URL}/identity"'
    assert response.json() == {
        "error": {
            "code": 401,
            "title": "Unauthorized",
            "message": "The request you have made requires authentication.",
        }
    }
    assert not any(name in response.headers for name in VERSION_HEADERS)
    assert world.refusals("not_authenticated") == 1


async def test_a_silent_identity_is_503() -> None:
    world = World()
    token = world.issuer.token_of("demo")
    world.issuer.failure = Unavailable("the identity service does not answer")
    response = await world.ask("GET", f"{ROOT}/servers", user=None, X_Auth_Token=token)
    assert response.status_code == 503
    assert list(response.json()) == ["serviceUnavailable"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nosuch"),
        ("PUT", "/servers"),
        ("DELETE", f"/servers/{SERVER_ID}"),
        ("GET", f"/servers/{SERVER_ID}/action"),
        ("GET", "/zzz/servers"),
        ("GET", "/servers/"),
        ("OPTIONS", "/servers"),
        ("POST", "/"),
    ],
)
async def test_unknown_paths_and_methods_are_no_fault(method: str, path: str) -> None:
    world = World()
    response = await world.ask(method, f"{ROOT}{path}" if path != "/" else f"{ROOT}/abc/", Accept="application/json")
    assert response.status_code == 404
    assert response.json() == {
        "message": "The resource could not be found.<br /><br />\n\n\n",
        "code": "404 Not Found",
        "title": "Not Found",
    }
    assert not any(name in response.headers for name in VERSION_HEADERS)
    assert world.refusals("not_found") == 1


async def test_every_answer_has_a_request_id_of_its_own() -> None:
    world = World()
    ids = set()
    for path in (f"{ROOT}/servers", f"{ROOT}/nosuch", f"{ROOT}/servers/nosuch", ROOT):
        response = await world.ask("GET", path)
        request_id = response.headers["x-openstack-request-id"]
        assert REQUEST_ID.fullmatch(request_id)
        assert response.headers["x-compute-request-id"] == request_id
        ids.add(request_id)
    assert len(ids) == 4


async def test_content_types_of_answers() -> None:
    world = World()
    assert (await world.ask("GET", f"{ROOT}/servers")).headers["Content-Type"] == "application/json"
    refused = await world.ask("GET", f"{ROOT}/servers/nosuch")
    assert refused.headers["Content-Type"] == "application/json; charset=UTF-8"


@pytest.mark.parametrize("accept", ["", "application/xml", "text/html", "*/*"])
async def test_accept_is_ignored(accept: str) -> None:
    response = await World().ask("POST", ACTION, body=GOOD, Accept=accept)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (None, 200),
        ("", 200),
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/vnd.openstack.compute+json", 200),
        ("text/plain", 200),
        ("application/xml", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
    ],
)
async def test_content_types_of_requests(content_type: str | None, status: int) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = await World().ask("POST", ACTION, body=GOOD, **headers)
    assert response.status_code == status
    if status == 415:
        assert message(response).startswith("Unsupported Content-Type")
        assert response.headers["OpenStack-API-Version"] == "compute 2.1"


@pytest.mark.parametrize("version", ["2.999", "3.0", "2.0", "1.1"])
async def test_a_version_out_of_range_is_echoed(version: str) -> None:
    world = World()
    for path in (f"{ROOT}/servers", ROOT):
        response = await world.ask("GET", path, OpenStack_API_Version=f"compute {version}")
        assert response.status_code == 406
        assert response.headers["OpenStack-API-Version"] == f"compute {version}"
        assert response.headers["X-OpenStack-Nova-API-Version"] == version
    assert world.refusals("version_not_supported") == 2


async def test_latest_is_answered_with_its_number() -> None:
    response = await World().ask("GET", f"{ROOT}/servers", OpenStack_API_Version="compute latest")
    assert response.headers["OpenStack-API-Version"] == "compute 2.104"


async def test_the_checks_come_in_their_order() -> None:
    """The request starts with every fault; one fault is removed each time."""
    world = World()
    foreign = project_id_of("other")
    version = {"OpenStack-API-Version": "compute abc"}
    xml = {"Content-Type": "application/xml"}

    async def ask(user: str | None, path: str, body: str, **headers: str) -> tuple[int, str]:
        response = await world.ask("POST", f"{ROOT}/{foreign}/{path}", user=user, body=body, **headers)
        (fault,) = list(response.json())[:1]
        return response.status_code, fault

    action = f"servers/{SERVER_ID}/action"
    consoles = "servers/nosuch/remote-consoles"
    assert await ask(None, "nosuch", "{", **version, **xml) == (401, "error")
    assert await ask("watcher", "nosuch", "{", **version, **xml) == (404, "message")
    assert await ask("watcher", action, "{", **version, **xml) == (400, "badRequest")
    assert await ask("watcher", action, "{", **xml) == (415, "badMediaType")
    assert await ask("watcher", action, "[1]") == (404, "itemNotFound")
    assert await ask("watcher", consoles, "{") == (400, "badRequest")
    assert await ask("watcher", consoles, "{}") == (400, "badRequest")
    own = await world.ask("POST", f"{ROOT}/{project_id_of('demo')}/{consoles}", user="watcher", body="{}")
    assert own.status_code == 404
    assert message(own).startswith("The resource could not be found.")


@pytest.mark.parametrize("user", ["demo", "admin"])
async def test_the_urls_project_must_be_the_tokens(user: str) -> None:
    foreign = project_id_of("other")
    own = project_id_of("demo" if user == "demo" else "admin")
    for root in (ROOT, "/compute/v2"):
        response = await World().ask("GET", f"{root}/{foreign}/servers", user=user)
        assert response.status_code == 400
        assert (
            message(response)
            == f"Malformed request URL: URL's project_id '{foreign}' doesn't match Context's project_id '{own}'"
        )
        assert (await World().ask("GET", f"{root}/{own}/servers", user=user)).status_code == 200


async def test_a_project_alone_is_the_version_document() -> None:
    response = await World().ask("GET", f"{ROOT}/{project_id_of('demo')}/")
    assert response.status_code == 200
    assert response.json()["version"]["id"] == "v2.1"
    without_slash = await World().ask("GET", f"{ROOT}/{project_id_of('demo')}")
    assert (without_slash.status_code, without_slash.json()["code"]) == (404, "404 Not Found")


async def test_an_endpoint_with_a_slash_at_its_end() -> None:
    response = await World().ask("GET", f"{ROOT}//servers")
    assert (response.status_code, len(response.json()["servers"])) == (200, 1)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/vnd.openstack.compute+json", "application/vnd.openstack.compute+json"),
        ("application/vnd.openstack.compute+json, application/json", "application/json"),
        ("application/xml", "application/json"),
        ("", "application/json"),
    ],
)
async def test_the_kinds_of_json(accept: str, content_type: str) -> None:
    response = await World().ask("GET", f"{ROOT}/servers", Accept=accept)
    assert response.headers["Content-Type"] == content_type


async def test_a_query_that_is_not_utf_8() -> None:
    for path in ("/servers?name=%FF", "/", "/?%FF"):
        response = await World().ask("GET", f"{ROOT}{path}")
        assert response.status_code == (200 if path == "/" else 400)
    assert message(response).startswith("Query string is not UTF-8 encoded")


async def test_a_body_may_be_as_large_as_the_limit() -> None:
    world = World()
    fitting = GOOD + " " * (API_BODY_LIMIT_BYTES - len(GOOD))
    assert (await world.ask("POST", ACTION, body=fitting)).status_code == 200
    response = await world.ask("POST", ACTION, body=fitting + " ")
    assert response.status_code == 413
    assert list(response.json()) == ["overLimit"]
    assert response.headers["Connection"] == "close"
    assert world.refusals("request_too_large") == 1
    assert (await world.ask("POST", ACTION, user=None, body=fitting + " ")).status_code == 413


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_the_old_console_service_is_gone(method: str) -> None:
    path = f"{ROOT}/servers/nosuch/consoles" + ("/1" if method == "DELETE" else "")
    response = await World().ask(method, path, body="{}" if method == "POST" else None, user="watcher")
    assert response.status_code == 410
    assert message(response).startswith("This resource is no longer available. No forwarding address is given.")


async def test_a_defect_tells_the_client_nothing_and_the_log_everything() -> None:
    world = World()
    world.driver.failure = ZeroDivisionError("the secret of the driver")
    response = await world.ask("GET", f"{ROOT}/servers/{SERVER_ID}", OpenStack_API_Version="compute 2.6")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert list(response.json()) == ["computeFault"]
    assert response.headers["OpenStack-API-Version"] == "compute 2.6"
    assert "the secret of the driver" in world.log.getvalue()
    assert response.headers["x-openstack-request-id"] in world.log.getvalue()
    assert world.refusals("internal_error") == 1


async def test_a_refusal_is_logged_with_who_and_why() -> None:
    world = World()
    response = await world.ask("GET", f"{ROOT}/servers/no%0Asuch%F0%9F%92%A9")
    assert response.status_code == 404
    (line,) = world.log.getvalue().splitlines()
    for part in ('"server_not_found"', '"192.0.2.7"', response.headers["x-openstack-request-id"], "no\\\\nsuch"):
        assert part in line
    assert line.isascii()
