"""The identity API v2.0."""

import json
from typing import Any

import pytest
from tests.api.world import PUBLIC_URL, World, project_id_of

TOKENS = "/identity/v2.0/tokens"
PASSWORD = {"passwordCredentials": {"username": "demo", "password": "demo-secret"}}
API_KEY = {"RAX-KSKEY:apiKeyCredentials": {"username": "demo", "apiKey": "terces-omed"}}


async def issue(world: World, auth: Any) -> Any:
    return await world.ask("POST", TOKENS, user=None, body=json.dumps({"auth": auth}))


async def test_the_version_document() -> None:
    response = await World().ask("GET", "/identity/v2.0", user=None)
    assert response.json()["version"]["id"] == "v2.0"


@pytest.mark.parametrize("credentials", [PASSWORD, API_KEY])
@pytest.mark.parametrize(
    "tenant", [{}, {"tenantName": "demo"}, {"tenantId": project_id_of("demo")}, {"tenantName": ""}]
)
async def test_credentials_give_a_token_and_the_catalog(credentials: dict[str, Any], tenant: dict[str, str]) -> None:
    world = World()
    response = await issue(world, credentials | tenant)
    assert response.status_code == 200
    access = response.json()["access"]
    project_id = project_id_of("demo")
    assert access["token"]["tenant"]["id"] == project_id
    assert access["token"]["tenant"]["name"] == "demo"
    assert access["token"]["expires"] == "2023-11-14T23:13:20Z"
    assert access["user"]["name"] == "demo"
    assert [role["name"] for role in access["user"]["roles"]] == ["member", "reader"]
    (compute,) = [service for service in access["serviceCatalog"] if service["type"] == "compute"]
    assert compute["name"] == "cloudServersOpenStack"
    (endpoint,) = compute["endpoints"]
    assert endpoint["publicURL"] == f"{PUBLIC_URL}/compute/v2/{project_id}"
    assert endpoint["region"] == "RegionOne"
    servers = await world.ask(
        "GET",
        endpoint["publicURL"].removeprefix(PUBLIC_URL) + "/servers",
        user=None,
        X_Auth_Token=access["token"]["id"],
    )
    assert servers.status_code == 200
    assert access["token"]["id"] not in world.log.getvalue()


async def test_a_token_gives_another_one() -> None:
    world = World()
    first = (await issue(world, PASSWORD)).json()["access"]["token"]["id"]
    response = await issue(world, {"token": {"id": first}, "tenantId": project_id_of("demo")})
    assert response.status_code == 200


async def test_a_user_may_be_named_by_id() -> None:
    world = World()
    user_id = (await issue(world, PASSWORD)).json()["access"]["user"]["id"]
    response = await issue(world, {"passwordCredentials": {"userId": user_id, "password": "demo-secret"}})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "auth",
    [
        {"passwordCredentials": {"username": "demo", "password": "wrong"}},
        {"RAX-KSKEY:apiKeyCredentials": {"username": "demo", "apiKey": "demo-secret"}},
        PASSWORD | {"tenantName": "other"},
        {"token": {"id": "bad"}},
    ],
)
async def test_wrong_credentials(auth: Any) -> None:
    response = await issue(World(), auth)
    assert response.status_code == 401
    assert response.json()["error"]["title"] == "Unauthorized"


@pytest.mark.parametrize(
    "auth", [{}, None, {"passwordCredentials": {}}, {"passwordCredentials": {"password": "x"}}, {"token": {"id": 5}}]
)
async def test_malformed_requests(auth: Any) -> None:
    response = await issue(World(), auth)
    assert response.status_code == 400
    assert response.json()["error"]["title"] == "Bad Request"


@pytest.mark.parametrize(("user", "status"), [("demo", 200), ("admin", 200), ("stranger", 403), (None, 401)])
async def test_a_token_shows_what_it_is_good_for(user: str | None, status: int) -> None:
    world = World()
    token = world.issuer.token_of("demo")
    response = await world.ask("GET", f"{TOKENS}/{token}", user=user)
    assert response.status_code == status
    if status == 200:
        assert response.json()["access"]["token"]["id"] == token
    else:
        assert token not in response.text
    assert token not in world.log.getvalue()


async def test_an_unknown_token_is_not_found() -> None:
    assert (await World().ask("GET", f"{TOKENS}/bad")).status_code == 404
