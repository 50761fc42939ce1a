"""Application credentials: Keystone's calls, and signing in by one, over the embedded identity."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from tests.api.world import PUBLIC_URL, Clock, World
from tests.fakes.memory_store import MemoryStore

from keyhole.config import IdentitySettings, UserSettings
from keyhole.identity.embedded import passwords
from keyhole.identity.embedded.names import project_id_of, user_id_of
from keyhole.identity.embedded.provider import EmbeddedIdentity
from keyhole.identity.login_throttle import LoginThrottle
from keyhole.model import PasswordSignIn

TOKENS = "/identity/v3/auth/tokens"
HERE = f"/identity/v3/users/{user_id_of('ada')}/application_credentials"
UNAUTHORIZED = "The request you have made requires authentication."


def settings() -> IdentitySettings:
    users = (
        UserSettings(name="ada", password=SecretStr("ada"), project="demo"),
        UserSettings(name="bob", password=SecretStr("bob"), project="demo"),
        UserSettings(name="root", password=SecretStr("root"), project="ops", roles=("admin",)),
    )
    return IdentitySettings(users=users, allow_plain_passwords=True)


class Home:
    """The application over the embedded identity, with tokens of its users."""

    def __init__(self) -> None:
        self.identity = EmbeddedIdentity(settings(), MemoryStore(), Clock(), LoginThrottle(Clock()))
        self.world = World(embedded=self.identity)

    async def token_of(self, user: str, scope: str = "") -> str:
        project = scope or ("ops" if user == "root" else "demo")
        token, _ = await self.identity.issue(PasswordSignIn(user, SecretStr(user)), project, "")
        return token

    async def ask(
        self, method: str, path: str, content: Any = None, *, user: str = "ada", token: str | None = None
    ) -> httpx.Response:
        token = token or await self.token_of(user)
        body = None if content is None else json.dumps(content)
        return await self.world.ask(method, path, user=None, body=body, X_Auth_Token=token)

    async def make(self, **more: Any) -> dict[str, Any]:
        """A new application credential of ada's, as returned by the API."""
        response = await self.ask("POST", HERE, {"application_credential": {"name": "robot"} | more})
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()["application_credential"]
        return made

    async def sign_in(self, method: dict[str, Any], **auth: Any) -> httpx.Response:
        identity = {"methods": ["application_credential"], "application_credential": method}
        body = json.dumps({"auth": {"identity": identity} | auth})
        return await self.world.ask("POST", TOKENS, user=None, body=body)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Home:
    # The users' passwords are plain ones: what they are also hashed for is to take time.
    monkeypatch.setattr(passwords, "_matches", lambda password, expected: False)
    return Home()


def error(response: httpx.Response) -> str:
    content = response.json()["error"]
    assert content["code"] == response.status_code
    message: str = content["message"]
    return message


async def test_one_is_made_with_a_secret_that_is_told_once(home: Home) -> None:
    made = await home.make(description="turns the lights on")
    secret = made.pop("secret")
    assert len(secret) >= 43
    roles = made.pop("roles")
    assert [role["name"] for role in roles] == ["member", "reader"]
    assert made == {
        "id": made["id"],
        "name": "robot",
        "description": "turns the lights on",
        "user_id": user_id_of("ada"),
        "project_id": project_id_of("demo"),
        "system": None,
        "expires_at": None,
        "unrestricted": False,
        "links": {"self": f"{PUBLIC_URL}{HERE}/{made['id']}"},
    }
    shown = await home.ask("GET", f"{HERE}/{made['id']}")
    assert shown.json() == {"application_credential": made | {"roles": roles}}
    listed = (await home.ask("GET", HERE)).json()
    assert listed["application_credentials"] == [made | {"roles": roles}]
    assert listed["links"] == {"self": f"{PUBLIC_URL}{HERE}", "previous": None, "next": None}
    assert secret not in shown.text
    assert secret not in home.world.log.getvalue()


async def test_signing_in_by_one_gives_a_token_for_its_project(home: Home) -> None:
    made = await home.make()
    response = await home.sign_in({"id": made["id"], "secret": made["secret"]})
    assert response.status_code == 201
    token = response.json()["token"]
    assert token["methods"] == ["application_credential"]
    assert (token["user"]["name"], token["project"]["name"]) == ("ada", "demo")
    assert token["application_credential"] == {"id": made["id"], "name": "robot", "restricted": True}
    assert [service["type"] for service in token["catalog"]] == ["compute", "identity"]
    subject = response.headers["X-Subject-Token"]
    shown = await home.world.ask("GET", TOKENS, user=None, X_Auth_Token=subject, X_Subject_Token=subject)
    assert shown.json() == response.json()
    assert made["secret"] not in home.world.log.getvalue()


@pytest.mark.parametrize(
    "user", [{"name": "ada", "domain": {"id": "default"}}, {"name": "ada", "domain": {"name": "Default"}}, None]
)
async def test_one_may_be_given_by_name_and_user(home: Home, user: Any) -> None:
    made = await home.make()
    method = {"name": "robot", "secret": made["secret"], "user": user or {"id": user_id_of("ada")}}
    assert (await home.sign_in(method)).status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"secret": "wrong"},
        {"id": "unknown"},
        {"id": None, "name": "robot", "user": {"id": "unknown"}},
        {"id": None, "name": "unknown", "user": {"name": "ada", "domain": {"id": "default"}}},
        {"id": None, "name": "robot", "user": {"name": "ada", "domain": {"id": "other"}}},
    ],
)
async def test_a_wrong_one_is_refused_as_a_wrong_password_is(home: Home, change: dict[str, Any]) -> None:
    made = await home.make()
    response = await home.sign_in({"id": made["id"], "secret": made["secret"]} | change)
    assert (response.status_code, error(response)) == (401, UNAUTHORIZED)
    assert response.headers["WWW-Authenticate"] == f'Keystone uri="{PUBLIC_URL}/identity"'


@pytest.mark.parametrize(
    "scope",
    [
        {"project": {"name": "demo", "domain": {"id": "default"}}},
        {"project": {"id": project_id_of("ops")}},
        {"domain": {"id": "default"}},
        {"system": {"all": True}},
        "unscoped",
    ],
)
async def test_a_scope_is_refused(home: Home, scope: Any) -> None:
    made = await home.make()
    response = await home.sign_in({"id": made["id"], "secret": made["secret"]}, scope=scope)
    assert response.status_code == 401
    assert error(response).endswith("Application credentials cannot request a scope.")


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (None, "Expecting to find application_credential in identity."),
        ({"secret": "s3cret"}, "Expecting to find id or name in application_credential."),
        ({"name": "robot", "secret": "s3cret"}, "Expecting to find user in application_credential"),
        ({"name": "robot", "secret": "s3cret", "user": {"name": "ada"}}, "Expecting to find domain in user"),
        ({"id": "x"}, "auth.identity.application_credential.secret is missing"),
        ({"id": "x", "secret": ["s3cret"]}, "auth.identity.application_credential.secret"),
    ],
)
async def test_malformed_sign_ins_are_told_what_is_wrong(home: Home, method: Any, words: str) -> None:
    response = await home.sign_in(method)
    assert response.status_code == 400
    assert words in error(response)
    assert "s3cret" not in response.text


async def test_too_many_failures_are_told_to_wait(home: Home) -> None:
    made = await home.make()
    for _ in range(5):
        assert (await home.sign_in({"id": made["id"], "secret": "wrong"})).status_code == 401
    response = await home.sign_in({"id": made["id"], "secret": made["secret"]})
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "2"
    assert home.world.refusals("too_many_attempts") == 1


async def test_it_opens_consoles_until_it_is_deleted(home: Home) -> None:
    made = await home.make()
    signed_in = await home.sign_in({"id": made["id"], "secret": made["secret"]})
    token = signed_in.headers["X-Subject-Token"]
    assert (await home.ask("GET", "/compute/v2.1/servers", token=token)).status_code == 200
    deleted = await home.ask("DELETE", f"{HERE}/{made['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await home.ask("GET", "/compute/v2.1/servers", token=token)).status_code == 401
    assert (await home.sign_in({"id": made["id"], "secret": made["secret"]})).status_code == 401
    response = await home.ask("GET", f"{HERE}/{made['id']}")
    assert (response.status_code, error(response)) == (404, f"Could not find Application Credential: {made['id']}.")


@pytest.mark.parametrize("by", ["name", "id"])
async def test_one_has_the_roles_that_are_asked_for(home: Home, by: str) -> None:
    roles = {role["name"]: role for role in (await home.make(name="other"))["roles"]}
    made = await home.make(roles=[{by: roles["reader"][by]}])
    assert [role["name"] for role in made["roles"]] == ["reader"]
    signed_in = await home.sign_in({"id": made["id"], "secret": made["secret"]})
    assert [role["name"] for role in signed_in.json()["token"]["roles"]] == ["reader"]


async def test_one_ends_when_it_was_asked_to(home: Home) -> None:
    ends = datetime.fromtimestamp(Clock().now + 60, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for number, text in enumerate((ends, f"{ends}Z", f"{ends}.000000Z")):
        made = await home.make(name=f"robot {number}", expires_at=text)
        assert made["expires_at"] == f"{ends}.000000Z"
    signed_in = await home.sign_in({"id": made["id"], "secret": made["secret"]})
    assert signed_in.json()["token"]["expires_at"] == f"{ends}.000000Z"


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"roles": [{"name": "admin"}]}, 400, "Cannot create an application credential with unassigned role"),
        ({"roles": [{"id": "unknown"}]}, 400, "Cannot create an application credential with unassigned role"),
        ({"roles": [{}]}, 400, "unassigned role"),
        ({"expires_at": "2001-01-01T00:00:00"}, 400, "expires_at is in the past"),
        ({"expires_at": "soon"}, 400, "application_credential.expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, 400, "it is not in the years 1 to 9999 of UTC"),
        ({"expires_at": "9999-12-31T23:59:59.999999"}, 400, "it is not in the years 1 to 9999 of UTC"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, 400, "it is not in the years 1 to 9999 of UTC"),
        ({"secret": "s3cret"}, 400, "leave secret out"),
        ({"access_rules": [{"method": "GET"}]}, 400, "leave access_rules out"),
        ({"acces_rules": []}, 400, "application_credential.acces_rules is not known"),
        ({"name": ""}, 400, "application_credential.name"),
        ({"name": "taken"}, 409, "Duplicate entry"),
    ],
)
async def test_what_cannot_be_made_is_told_why(home: Home, asked: dict[str, Any], status: int, words: str) -> None:
    await home.make(name="taken")
    response = await home.ask("POST", HERE, {"application_credential": {"name": "robot"} | asked})
    assert response.status_code == status
    assert words in error(response)
    assert "s3cret" not in response.text
    assert len((await home.ask("GET", HERE)).json()["application_credentials"]) == 1


async def test_the_last_moment_that_can_be_told_can_be_listed(home: Home) -> None:
    await home.make(expires_at="9999-12-31T23:59:59Z")
    (listed,) = (await home.ask("GET", HERE)).json()["application_credentials"]
    assert listed["expires_at"] == "9999-12-31T23:59:59.000000Z"


async def test_what_clients_send_without_a_wish_is_none(home: Home) -> None:
    made = await home.make(
        description=None, secret=None, expires_at=None, roles=[], access_rules=[], unrestricted=False
    )
    assert (made["description"], made["unrestricted"]) == (None, False)


async def test_the_list_is_filtered_by_name(home: Home) -> None:
    await home.make(name="one")
    await home.make(name="two words")
    listed = (await home.ask("GET", f"{HERE}?name=two+words")).json()["application_credentials"]
    assert [one["name"] for one in listed] == ["two words"]


@pytest.mark.parametrize(("user", "status"), [("ada", 200), ("root", 200), ("bob", 403)])
async def test_others_see_and_delete_none_unless_they_are_admins(home: Home, user: str, status: int) -> None:
    made = await home.make()
    assert (await home.ask("GET", HERE, user=user)).status_code == status
    assert (await home.ask("GET", f"{HERE}/{made['id']}", user=user)).status_code == status
    deleted = await home.ask("DELETE", f"{HERE}/{made['id']}", user=user)
    assert deleted.status_code == (204 if status == 200 else 403)


@pytest.mark.parametrize("user", ["bob", "root"])
async def test_nobody_makes_one_for_another_user(home: Home, user: str) -> None:
    response = await home.ask("POST", HERE, {"application_credential": {"name": "robot"}}, user=user)
    assert response.status_code == 403
    assert error(response).endswith("Cannot create an application credential for another user.")


async def test_one_of_another_user_is_not_found_under_ones_own(home: Home) -> None:
    made = await home.make()
    path = f"/identity/v3/users/{user_id_of('bob')}/application_credentials/{made['id']}"
    for method in ("GET", "DELETE"):
        assert (await home.ask(method, path, user="bob")).status_code == 404
    assert (await home.ask("GET", f"{HERE}/{made['id']}")).status_code == 200


async def test_a_restricted_one_sees_and_cannot_manage_others(home: Home) -> None:
    made = await home.make()
    token = (await home.sign_in({"id": made["id"], "secret": made["secret"]})).headers["X-Subject-Token"]
    assert (await home.ask("GET", HERE, token=token)).status_code == 200
    asked = {"application_credential": {"name": "child"}}
    for response in (
        await home.ask("POST", HERE, asked, token=token),
        await home.ask("DELETE", f"{HERE}/{made['id']}", token=token),
    ):
        assert response.status_code == 403
        assert "not allowed for managing additional application credentials" in error(response)


async def test_an_unrestricted_one_manages_others(home: Home) -> None:
    made = await home.make(unrestricted=True)
    token = (await home.sign_in({"id": made["id"], "secret": made["secret"]})).headers["X-Subject-Token"]
    child = await home.ask("POST", HERE, {"application_credential": {"name": "child"}}, token=token)
    assert child.status_code == 201
    child_id = child.json()["application_credential"]["id"]
    assert (await home.ask("DELETE", f"{HERE}/{child_id}", token=token)).status_code == 204


async def test_its_token_is_not_exchanged(home: Home) -> None:
    made = await home.make()
    token = (await home.sign_in({"id": made["id"], "secret": made["secret"]})).headers["X-Subject-Token"]
    body = json.dumps({"auth": {"identity": {"methods": ["token"], "token": {"id": token}}}})
    response = await home.world.ask("POST", TOKENS, user=None, body=body)
    assert response.status_code == 403
    assert "Using a delegated token to create another token is not allowed." in error(response)


@pytest.mark.parametrize(("method", "path"), [("GET", HERE), ("POST", HERE), ("DELETE", f"{HERE}/x")])
async def test_a_token_is_needed(home: Home, method: str, path: str) -> None:
    assert (await home.world.ask(method, path, user=None)).status_code == 401
