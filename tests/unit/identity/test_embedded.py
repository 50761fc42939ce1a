"""What is the embedded identity's own: its settings, API keys, what it keeps, and equal work for every refusal."""

import hashlib

import pytest
from pydantic import SecretStr
from tests.fakes.memory_store import MemoryStore

from keyhole.config import IdentitySettings, UserSettings
from keyhole.errors import NotAuthenticated, SettingsError
from keyhole.identity.embedded import EmbeddedIdentity
from keyhole.identity.passwords import Passwords, hash_password

NOW = 1_700_000_000.0


@pytest.fixture(scope="module")
def key_hash() -> SecretStr:
    return SecretStr(hash_password(SecretStr("key")))


def user(name: str = "ada", project: str = "demo", **more: object) -> UserSettings:
    return UserSettings.model_validate({"name": name, "project": project, **more})


def make(*users: UserSettings, store: MemoryStore | None = None, plain: bool = False) -> EmbeddedIdentity:
    settings = IdentitySettings(users=users, allow_plain_passwords=plain)
    return EmbeddedIdentity(settings, store or MemoryStore(), lambda: NOW)


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes against which something was verified, in order."""
    seen: list[str] = []
    verify = Passwords._verify

    def counted(self: Passwords, password: SecretStr, expected: SecretStr) -> bool:
        seen.append(expected.get_secret_value())
        return verify(self, password, expected)

    monkeypatch.setattr(Passwords, "_verify", counted)
    return seen


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong"), ("nobody", "key"), ("keyless", "key"), ("ada", "x" * 5000)]
)
async def test_every_refusal_costs_one_verification(
    key_hash: SecretStr, verifications: list[str], name: str, password: str
) -> None:
    identity = make(user(password_hash=key_hash, api_key_hash=key_hash), user("keyless"))
    with pytest.raises(NotAuthenticated):
        await identity.issue_for_password(name, SecretStr(password), "demo")
    with pytest.raises(NotAuthenticated):
        await identity.issue_for_api_key(name, SecretStr(password), "demo")
    assert len(verifications) == 2


async def test_a_plain_password_costs_one_verification_too(verifications: list[str]) -> None:
    identity = make(user(password="plain"), plain=True)
    _, token = await identity.issue_for_password("ada", SecretStr("plain"), "demo")
    assert token.identity.user_name == "ada"
    with pytest.raises(NotAuthenticated):
        await identity.issue_for_password("ada", SecretStr("plai"), "demo")
    assert len(verifications) == 2


async def test_an_api_key_is_good_as_a_key_and_not_as_a_password(key_hash: SecretStr) -> None:
    identity = make(user(api_key_hash=key_hash))
    token, issued = await identity.issue_for_api_key("ada", SecretStr("key"), "demo")
    assert await identity.validate(token) == issued
    with pytest.raises(NotAuthenticated):
        await identity.issue_for_password("ada", SecretStr("key"), "demo")


async def test_a_password_is_not_good_as_an_api_key(key_hash: SecretStr) -> None:
    identity = make(user(password_hash=key_hash))
    with pytest.raises(NotAuthenticated):
        await identity.issue_for_api_key("ada", SecretStr("key"), "demo")


@pytest.mark.parametrize("key", ["password_hash", "api_key_hash"])
def test_a_hash_that_is_none_is_a_settings_error_that_does_not_show_it(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        make(user(**{key: "hunter2"}))
    assert key in str(caught.value)
    assert "'ada'" in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_only_the_hash_of_a_token_is_kept(key_hash: SecretStr) -> None:
    store = MemoryStore()
    token, _ = await make(user(api_key_hash=key_hash), store=store).issue_for_api_key("ada", SecretStr("key"), None)
    assert list(store.tokens) == [hashlib.sha256(token.encode()).hexdigest()]
    assert token not in repr(store.tokens)


async def test_what_a_token_allows_follows_the_settings(key_hash: SecretStr) -> None:
    store = MemoryStore()
    before = make(user(api_key_hash=key_hash, roles=("admin",)), store=store)
    token, _ = await before.issue_for_api_key("ada", SecretStr("key"), "demo")

    demoted = make(user(api_key_hash=key_hash, roles=("reader",)), store=store)
    assert (await demoted.validate(token)).identity.roles == {"reader"}
    for after in (make(user(project="other"), store=store), make(store=store)):
        with pytest.raises(NotAuthenticated):
            await after.validate(token)
