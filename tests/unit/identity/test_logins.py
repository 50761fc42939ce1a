"""Signing in with a password, with the embedded users and with Keystone's."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import SecretStr
from tests.fakes.keystone_server import USER_TOKEN
from tests.fakes.memory_store import MemoryStore

from keyhole.config import IdentitySettings, UserSettings
from keyhole.errors import NotAuthenticated, ProjectNeeded, TooManyAttempts, Unavailable
from keyhole.identity.embedded.names import project_id_of, user_id_of
from keyhole.identity.embedded.provider import EmbeddedIdentity
from keyhole.identity.keystone.login import CONCURRENT_SIGN_INS, KeystoneLogin
from keyhole.identity.keystone.provider import KeystoneIdentity
from keyhole.identity.login_throttle import PAIR, LoginThrottle
from keyhole.ports.identity import PersonSignIn

NOW = 1_700_000_000.0
CLIENT = "192.0.2.7"


def person(name: str = "ada", password: str = "right", **more: Any) -> PersonSignIn:
    return PersonSignIn(name, SecretStr(password), **more)


def embedded(*roles: str) -> EmbeddedIdentity:
    user = UserSettings.model_validate({"name": "ada", "password": "right", "project": "demo", "roles": roles})
    settings = IdentitySettings(users=(user,), allow_plain_passwords=True)
    return EmbeddedIdentity(settings, MemoryStore(), lambda: NOW, LoginThrottle(lambda: NOW))


@pytest.mark.parametrize("more", [{}, {"project": "demo"}, {"domain": "default"}, {"domain": "Default"}])
async def test_a_user_of_ours_signs_in_for_the_own_project(more: dict[str, str]) -> None:
    identity = embedded("member")
    token, contents = await identity.sign_in(person(**more), CLIENT)
    assert contents.identity.project_name == "demo"
    assert (await identity.validate(token)).identity.user_name == "ada"
    await identity.sign_out(token)
    with pytest.raises(NotAuthenticated):
        await identity.validate(token)


@pytest.mark.parametrize("more", [{"password": "wrong"}, {"name": "nosuch"}, {"project": "x"}, {"domain": "x"}])
async def test_nobody_else_does(more: dict[str, str]) -> None:
    with pytest.raises(NotAuthenticated):
        await embedded("member").sign_in(person(**more), CLIENT)


async def test_failures_at_the_desk_count_as_those_at_the_api() -> None:
    identity = embedded("member")
    for _ in range(PAIR.free):
        with pytest.raises(NotAuthenticated):
            await identity.sign_in(person(password="wrong"), CLIENT)
    with pytest.raises(TooManyAttempts):
        await identity.sign_in(person(), CLIENT)


@pytest.mark.parametrize(
    ("roles", "project", "allowed"),
    [
        (("member",), "demo", True),
        (("admin",), "demo", True),
        (("admin",), "other", True),
        (("member",), "other", False),
        (("reader",), "demo", False),
        ((), "demo", False),
    ],
)
async def test_who_may_still_open_consoles(roles: tuple[str, ...], project: str, allowed: bool) -> None:
    identity = embedded(*roles)
    assert await identity.may_open(user_id_of("ada"), project_id_of(project), None) is allowed
    assert not await identity.may_open(user_id_of("bob"), project_id_of(project), None)


def test_the_projects_of_users_have_names() -> None:
    assert embedded("member").project_name(project_id_of("demo")) == "demo"
    assert embedded("member").project_name(project_id_of("nobody's")) is None


def test_so_have_those_that_only_a_server_of_the_settings_is_in() -> None:
    identity = embedded("member")
    assert identity.project_name(identity.project_id_of("nobody's")) == "nobody's"
    assert identity.project_id_of("nobody's") == project_id_of("nobody's")


class Client:
    """A KeystoneClient with one user."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None, str | None]] = []
        self.revoked: list[str] = []
        self.failure: Exception | None = None

    def sign_in(self, username: str, password: str, project: str | None, domain: str | None) -> str | None:
        self.asked.append((username, password, project, domain))
        if self.failure is not None:
            raise self.failure
        return "good" if password == "right" else None

    def show_token(self, token: str, *, expired: bool = False) -> dict[str, Any] | None:
        return USER_TOKEN if token not in self.revoked else None

    def revoke_token(self, token: str) -> None:
        self.revoked.append(token)


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
async def keystone(client: Client) -> AsyncIterator[KeystoneIdentity]:
    with ThreadPoolExecutor(8) as threads:
        yield KeystoneIdentity(client, threads, lambda: NOW)  # type: ignore[arg-type]


@pytest.fixture
def login(keystone: KeystoneIdentity) -> KeystoneLogin:
    return KeystoneLogin(keystone, LoginThrottle(lambda: NOW))


async def test_keystone_is_given_the_password_and_gives_the_token(login: KeystoneLogin, client: Client) -> None:
    token, contents = await login.sign_in(person(project="demo", domain="Lab"), CLIENT)
    assert token == "good"
    assert (contents.identity.user_name, contents.identity.project_name) == ("ada", "demo")
    assert client.asked == [("ada", "right", "demo", "Lab")]


async def test_signing_out_is_for_keystone_too_and_believed_at_once(
    login: KeystoneLogin, keystone: KeystoneIdentity, client: Client
) -> None:
    token, _ = await login.sign_in(person(), CLIENT)
    await login.sign_out(token)
    assert client.revoked == ["good"]
    with pytest.raises(NotAuthenticated):
        await keystone.validate(token)
    await login.sign_out("what is\nno token")
    assert client.revoked == ["good"]


async def test_failures_wait_before_keystone_is_asked(login: KeystoneLogin, client: Client) -> None:
    for _ in range(PAIR.free):
        with pytest.raises(NotAuthenticated):
            await login.sign_in(person(password="wrong"), CLIENT)
    with pytest.raises(TooManyAttempts):
        await login.sign_in(person(), CLIENT)
    assert len(client.asked) == PAIR.free
    await login.sign_in(person(), "198.51.100.1")


async def test_many_guesses_at_once_are_few(login: KeystoneLogin, client: Client) -> None:
    guesses = (login.sign_in(person(password="wrong"), CLIENT) for _ in range(50))
    results = await asyncio.gather(*guesses, return_exceptions=True)
    assert {type(result) for result in results} == {NotAuthenticated, TooManyAttempts}
    assert len(client.asked) < PAIR.free + CONCURRENT_SIGN_INS


@pytest.mark.parametrize("failure", [ProjectNeeded(["a", "b"]), Unavailable("The identity service sleeps.")])
async def test_what_is_not_the_persons_fault_is_not_counted(
    login: KeystoneLogin, client: Client, failure: Exception
) -> None:
    client.failure = failure
    for _ in range(PAIR.free + 1):
        with pytest.raises(type(failure)):
            await login.sign_in(person(), CLIENT)


async def test_an_absurd_password_does_not_go_to_keystone(login: KeystoneLogin, client: Client) -> None:
    with pytest.raises(NotAuthenticated):
        await login.sign_in(person(password="x" * 5000), CLIENT)
    assert client.asked == []


async def test_of_a_user_of_keystones_nothing_is_known_without_a_token(keystone: KeystoneIdentity) -> None:
    assert await keystone.may_open("anybody", "anywhere", None)
    assert keystone.project_name("anywhere") is None
