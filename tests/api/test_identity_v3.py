"""The identity API v3."""

import json
import re
from typing import Any

import pytest
from tests.api.world import PUBLIC_URL, World, project_id_of

from keyhole.errors import TooManyAttempts, Unavailable
from keyhole.model import Scope

TOKENS = "/identity/v3/auth/tokens"
DOMAIN = {"id": "default", "name": "Default"}
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def password(name: str | None = "demo", secret: str = "demo-secret", **user: Any) -> dict[str, Any]:
    content = {"name": name, "domain": {"id": "default"}, "password": secret} | user
    return {"methods": ["password"], "password": {"user": content}}


async def issue(world: World, identity: Any, scope: Any = None, query: str = "") -> Any:
    auth = {"identity": identity} | ({} if scope is None else {"scope": scope})
    return await world.ask("POST", f"{TOKENS}{query}", user=None, body=json.dumps({"auth": auth}))


def error(response: Any) -> str:
    content = response.json()["error"]
    assert content["code"] == response.status_code
    assert set(content) == {"code", "title", "message"}
    text = content["message"]
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("path", ["/identity", "/identity/"])
async def test_the_root_offers_v3(path: str) -> None:
    response = await World().ask("GET", path, user=None)
    assert response.status_code == 300
    assert response.headers["Location"] == f"{PUBLIC_URL}/identity/v3/"
    (version,) = response.json()["versions"]["values"]
    assert (version["id"], version["status"]) == ("v3.14", "stable")
    assert version["links"] == [{"rel": "self", "href": f"{PUBLIC_URL}/identity/v3/"}]


@pytest.mark.parametrize("path", ["/identity/v3", "/identity/v3/"])
async def test_the_version_document(path: str) -> None:
    response = await World().ask("GET", path, user=None)
    assert response.status_code == 200
    assert response.json()["version"]["id"] == "v3.14"


SCOPES = [
    {"project": {"name": "demo", "domain": {"id": "default"}}},
    {"project": {"name": "demo", "domain": {"name": "Default"}}},
    {"project": {"id": project_id_of("demo")}},
    None,
]


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_password_gives_a_token_for_the_project(scope: Any) -> None:
    world = World()
    response = await issue(world, password(), scope)
    assert response.status_code == 201
    assert response.headers["Vary"] == "X-Auth-Token"
    token = response.json()["token"]
    assert token["methods"] == ["password"]
    assert token["user"]["name"] == "demo"
    assert token["user"]["domain"] == DOMAIN
    assert token["user"]["password_expires_at"] is None
    assert token["project"] == {"id": project_id_of("demo"), "name": "demo", "domain": DOMAIN}
    assert token["is_domain"] is False
    assert [role["name"] for role in token["roles"]] == ["member", "reader"]
    assert all(re.fullmatch("[0-9a-f]{32}", role["id"]) for role in token["roles"])
    assert TIMESTAMP.fullmatch(token["expires_at"])
    assert TIMESTAMP.fullmatch(token["issued_at"])
    assert len(token["audit_ids"]) == 1
    subject = response.headers["X-Subject-Token"]
    assert (await world.issuer.validate(subject)).identity.user_name == "demo"
    assert subject not in world.log.getvalue()
    assert '"identity.signed_in"' in world.log.getvalue()


async def test_the_catalog_names_compute_and_identity_everywhere() -> None:
    catalog = (await issue(World(), password())).json()["token"]["catalog"]
    urls = {
        (service["type"], endpoint["interface"]): (endpoint["url"], endpoint["region"], endpoint["region_id"])
        for service in catalog
        for endpoint in service["endpoints"]
    }
    region = ("RegionOne", "RegionOne")
    assert urls == {
        (kind, interface): (f"{PUBLIC_URL}{path}", *region)
        for kind, path in (("compute", "/compute/v2.1"), ("identity", "/identity"))
        for interface in ("public", "internal", "admin")
    }
    ids = [endpoint["id"] for service in catalog for endpoint in service["endpoints"]]
    assert len(set(ids)) == 6


async def test_nocatalog_leaves_it_out() -> None:
    assert "catalog" not in (await issue(World(), password(), query="?nocatalog")).json()["token"]


async def test_a_user_may_be_named_by_id() -> None:
    world = World()
    user_id = (await issue(world, password())).json()["token"]["user"]["id"]
    by_id = {"methods": ["password"], "password": {"user": {"id": user_id, "password": "demo-secret"}}}
    assert (await issue(world, by_id)).status_code == 201


@pytest.mark.parametrize("scope", ["unscoped", {"unscoped": {}}])
async def test_an_unscoped_token_has_no_project_roles_or_catalog(scope: Any) -> None:
    response = await issue(World(), password(), scope)
    assert response.status_code == 201
    assert not {"project", "roles", "catalog", "is_domain"} & set(response.json()["token"])


async def test_a_token_gives_another_one() -> None:
    world = World()
    first = (await issue(world, password(), "unscoped")).headers["X-Subject-Token"]
    response = await issue(world, {"methods": ["token"], "token": {"id": first}}, SCOPES[0])
    assert response.status_code == 201
    assert response.json()["token"]["project"]["name"] == "demo"
    assert response.headers["X-Subject-Token"] != first


@pytest.mark.parametrize(
    ("identity", "scope"),
    [
        (password(secret="wrong"), None),
        (password(name="nobody-here"), None),
        (password(domain={"id": "other"}), None),
        (password(domain={"name": "other"}), None),
        (password(), {"project": {"name": "other", "domain": {"id": "default"}}}),
        (password(), {"project": {"name": "demo", "domain": {"id": "other"}}}),
        (password(), {"domain": {"id": "default"}}),
        (password(), {"system": {"all": True}}),
        ({"methods": ["token"], "token": {"id": "bad"}}, None),
    ],
)
async def test_wrong_credentials_are_all_answered_alike(identity: Any, scope: Any) -> None:
    world = World()
    response = await issue(world, identity, scope)
    assert response.status_code == 401
    assert error(response) == "The request you have made requires authentication."
    assert response.headers["WWW-Authenticate"] == f'Keystone uri="{PUBLIC_URL}/identity"'
    assert world.refusals("not_authenticated") == 1
    assert "wrong" not in world.log.getvalue()


@pytest.mark.parametrize("methods", [["application_credential", "totp"], ["password", "totp"], ["oauth1"]])
async def test_other_methods_are_refused_by_name(methods: list[str]) -> None:
    identity = password() | {"methods": methods, "application_credential": {"id": "x", "secret": "s3cret"}}
    response = await issue(World(), identity)
    assert response.status_code == 401
    assert error(response).startswith(f"Attempted to authenticate with an unsupported method: {', '.join(methods)}")
    assert "s3cret" not in response.text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "the body is wrong"),
        ("{}", "auth is missing"),
        ('{"auth": {}}', "auth.identity is missing"),
        ('{"auth": {"identity": {"methods": []}}}', "auth.identity.methods"),
        ('{"auth": {"identity": {"methods": ["password"]}}}', "Expecting to find password"),
        ('{"auth": {"identity": {"methods": ["token"]}}}', "Expecting to find token"),
        (json.dumps({"auth": {"identity": password(password=["s3cret"])}}), "auth.identity.password.user.password"),
        (
            json.dumps({"auth": {"identity": password(password="s3cret" * 9999)}}),
            "auth.identity.password.user.password",
        ),
        (json.dumps({"auth": {"identity": password(domain=None)}}), "Expecting to find domain in user"),
        (json.dumps({"auth": {"identity": password(name=None)}}), "Expecting to find id or name in user"),
        (json.dumps({"auth": {"identity": password(), "scope": {"project": {"name": "demo"}}}}), "domain in project"),
        (json.dumps({"auth": {"identity": password(), "scope": {"project": {}}}}), "id or name in project"),
        (json.dumps({"auth": {"identity": password(), "scope": "nonsense"}}), "auth.scope"),
    ],
)
async def test_malformed_requests_are_told_what_is_wrong(body: str, words: str) -> None:
    world = World()
    response = await world.ask("POST", TOKENS, user=None, body=body)
    assert response.status_code == 400
    assert words in error(response)
    assert "s3cret" not in response.text
    assert "s3cret" not in world.log.getvalue()
    assert world.refusals("request_malformed") == 1


async def test_a_token_shows_what_it_is_good_for() -> None:
    world = World()
    issued = await issue(world, password())
    token = issued.headers["X-Subject-Token"]
    response = await world.ask("GET", f"{TOKENS}?allow_expired=1", X_Subject_Token=token)
    assert response.status_code == 200
    assert response.json() == issued.json()
    assert response.headers["X-Subject-Token"] == token
    head = await world.ask("HEAD", TOKENS, X_Subject_Token=token)
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    ("user", "status"), [("demo", 200), ("admin", 200), ("watcher", 403), ("stranger", 403), (None, 401)]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
async def test_a_token_is_shown_to_its_holder_and_to_services(user: str | None, status: int, method: str) -> None:
    world = World()
    token = world.issuer.token_of("demo")
    response = await world.ask(method, TOKENS, user=user, X_Subject_Token=token)
    assert response.status_code == (204 if status == 200 and method == "DELETE" else status)


@pytest.mark.parametrize("headers", [{}, {"X-Subject-Token": "bad"}])
async def test_an_unknown_subject_is_not_found(headers: dict[str, str]) -> None:
    response = await World().ask("GET", TOKENS, **headers)
    assert response.status_code == 404
    assert error(response).startswith("Could not find token")


async def test_a_bad_caller_is_refused_before_the_subject_is_looked_at() -> None:
    response = await World().ask("GET", TOKENS, user=None, X_Auth_Token="bad", X_Subject_Token="bad")
    assert response.status_code == 401


async def test_a_revoked_token_is_no_good_any_more() -> None:
    world = World()
    token = world.issuer.token_of("demo")
    assert (await world.ask("DELETE", TOKENS, X_Subject_Token=token)).status_code == 204
    response = await world.ask("GET", "/compute/v2.1/servers", user=None, X_Auth_Token=token)
    assert response.status_code == 401


@pytest.mark.parametrize("scope", Scope)
async def test_the_projects_to_choose_from_are_told_whatever_the_token_is_for(scope: Scope) -> None:
    world = World()
    token = world.issuer.token_of("demo", scope)
    response = await world.ask("GET", "/identity/v3/auth/projects", user=None, X_Auth_Token=token)
    assert response.status_code == 200
    assert response.json()["links"]["self"] == f"{PUBLIC_URL}/identity/v3/auth/projects"
    (project,) = response.json()["projects"]
    assert (project["id"], project["name"], project["domain_id"]) == (project_id_of("demo"), "demo", "default")
    assert project["enabled"] is True


async def test_the_catalog_takes_a_token_for_a_project() -> None:
    world = World()
    catalog = (await world.ask("GET", "/identity/v3/auth/catalog")).json()["catalog"]
    assert [service["type"] for service in catalog] == ["compute", "identity"]
    unscoped = world.issuer.token_of("demo", Scope.UNSCOPED)
    response = await world.ask("GET", "/identity/v3/auth/catalog", user=None, X_Auth_Token=unscoped)
    assert response.status_code == 403
    assert error(response) == "A project-scoped token is required to produce a service catalog."
    for path in ("projects", "catalog"):
        assert (await world.ask("GET", f"/identity/v3/auth/{path}", user=None)).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/identity/v3/users"),
        ("POST", "/identity/v3"),
        ("PUT", TOKENS),
        ("GET", "/identity/v4"),
        ("GET", "/identity/v2.0/tokens/a/b"),
    ],
)
async def test_everything_else_is_not_found(method: str, path: str) -> None:
    response = await World().ask(method, path)
    assert response.status_code == 404
    assert response.json()["error"]["title"] == "Not Found"


async def test_too_many_attempts() -> None:
    world = World()
    world.issuer.failure = TooManyAttempts(7)
    response = await issue(world, password())
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "7"
    assert error(response) == "Too many sign-ins failed; wait 7 seconds and try again."
    assert response.json()["error"]["title"] == "Too Many Requests"
    assert world.refusals("too_many_attempts") == 1


async def test_a_silent_store() -> None:
    world = World()
    world.issuer.failure = Unavailable("the store does not answer")
    response = await issue(world, password())
    assert response.status_code == 503
    assert error(response) == "the store does not answer"


async def test_a_defect_is_a_500_without_detail() -> None:
    world = World()
    world.issuer.failure = ZeroDivisionError("secret detail")
    response = await issue(world, password())
    assert response.status_code == 500
    assert "secret detail" not in response.text
    assert error(response)


KEYSTONE = "https://cloud.example.com:5000"


@pytest.mark.parametrize("path", ["/identity", "/identity/"])
async def test_where_tokens_are_not_issued_the_versions_are_those_of_who_does(path: str) -> None:
    response = await World(identity_url=KEYSTONE).ask("GET", path, user=None)
    assert response.status_code == 300
    assert response.headers["Location"] == f"{KEYSTONE}/v3/"
    (version,) = response.json()["versions"]["values"]
    assert version["links"] == [{"rel": "self", "href": f"{KEYSTONE}/v3/"}]
    response = await World(identity_url=KEYSTONE).ask("GET", "/identity/v3", user=None)
    assert response.status_code == 200
    assert response.json()["version"]["links"] == [{"rel": "self", "href": f"{KEYSTONE}/v3/"}]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", TOKENS), ("GET", TOKENS), ("POST", "/identity/v2.0/tokens"), ("GET", "/identity/v4")]
)
async def test_where_tokens_are_not_issued_everything_else_says_so(method: str, path: str) -> None:
    response = await World(identity_url=KEYSTONE).ask(method, path)
    assert response.status_code == 404
    assert error(response) == f"Tokens are not issued here; ask the identity service at {KEYSTONE}/v3/."


async def test_where_tokens_are_not_issued_a_bad_one_is_told_where_they_are() -> None:
    response = await World(identity_url=KEYSTONE).ask("GET", "/compute/v2.1/servers", user=None, X_Auth_Token="bad")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == f'Keystone uri="{KEYSTONE}"'


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        ((), "198.51.100.1", "192.0.2.7"),
        (("192.0.2.0/24",), "198.51.100.1", "198.51.100.1"),
        (("192.0.2.7",), "203.0.113.5, 198.51.100.1", "198.51.100.1"),
        (("192.0.2.7",), None, "192.0.2.7"),
    ],
)
async def test_failures_are_counted_for_the_client_behind_a_trusted_proxy(
    proxies: tuple[str, ...], forwarded: str | None, client: str
) -> None:
    world = World(proxies=proxies)
    body = json.dumps({"auth": {"identity": password()}})
    headers = {} if forwarded is None else {"X_Forwarded_For": forwarded}
    response = await world.ask("POST", TOKENS, user=None, body=body, **headers)
    assert response.status_code == 201
    assert world.issuer.clients == [client]
    assert f'"client": "{client}"' in world.log.getvalue()
