"""The parts that only the embedded identity has: settings, API keys, caching, equal work for every refusal, waits."""

import asyncio
import hashlib
import threading

import pytest
from pydantic import SecretStr
from tests.fakes.memory_store import MemoryStore

from keyhole.config import IdentitySettings, UserSettings
from keyhole.core.links import hash_token
from keyhole.errors import Forbidden, NotAuthenticated, SettingsError, TooManyAttempts, Unavailable
from keyhole.identity.embedded import passwords
from keyhole.identity.embedded.application_credentials import MAX_PER_USER
from keyhole.identity.embedded.names import user_id_of
from keyhole.identity.embedded.passwords import hash_password
from keyhole.identity.embedded.provider import CONCURRENT_VERIFICATIONS, KNOWN_SECONDS, EmbeddedIdentity
from keyhole.identity.login_throttle import PAIR, LoginThrottle
from keyhole.model import ApiKeySignIn, CredentialSignIn, IdentityToken, PasswordSignIn, Scope
from keyhole.ports.identity import CredentialSpec

NOW = 1_700_000_000.0
CLIENT = "192.0.2.7"


@pytest.fixture(scope="module")
def key_hash() -> SecretStr:
    return SecretStr(hash_password(SecretStr("key")))


def user(name: str = "ada", project: str = "demo", **more: object) -> UserSettings:
    return UserSettings.model_validate({"name": name, "project": project, **more})


def make(*users: UserSettings, store: MemoryStore | None = None, plain: bool = False) -> EmbeddedIdentity:
    settings = IdentitySettings(users=users, allow_plain_passwords=plain)
    return EmbeddedIdentity(settings, store or MemoryStore(), lambda: NOW, LoginThrottle(lambda: NOW))


async def with_password(identity: EmbeddedIdentity, name: str, password: str) -> tuple[str, IdentityToken]:
    return await identity.issue(PasswordSignIn(name, SecretStr(password)), "demo", CLIENT)


async def with_key(identity: EmbeddedIdentity, name: str, key: str) -> tuple[str, IdentityToken]:
    return await identity.issue(ApiKeySignIn(name, SecretStr(key)), "demo", CLIENT)


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes against which something was verified, in order."""
    seen: list[str] = []
    fits = passwords._matches

    def counted(password: SecretStr, expected: SecretStr) -> bool:
        seen.append(expected.get_secret_value())
        return fits(password, expected)

    monkeypatch.setattr(passwords, "_matches", counted)
    return seen


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong"), ("nobody", "key"), ("keyless", "key"), ("ada", "x" * 5000)]
)
async def test_every_refusal_costs_one_verification(
    key_hash: SecretStr, verifications: list[str], name: str, password: str
) -> None:
    identity = make(user(password_hash=key_hash, api_key_hash=key_hash), user("keyless"))
    with pytest.raises(NotAuthenticated):
        await with_password(identity, name, password)
    with pytest.raises(NotAuthenticated):
        await with_key(identity, name, password)
    assert len(verifications) == 2


async def test_a_plain_password_costs_one_verification_too(verifications: list[str]) -> None:
    identity = make(user(password="plain"), plain=True)
    _, token = await with_password(identity, "ada", "plain")
    assert token.identity.user_name == "ada"
    with pytest.raises(NotAuthenticated):
        await with_password(identity, "ada", "plai")
    assert len(verifications) == 2


async def test_verification_leaves_the_loop_free_and_is_bounded(
    key_hash: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most = 0, 0
    guard, started, release = threading.Lock(), threading.Semaphore(0), threading.Event()

    def fits(password: SecretStr, expected: SecretStr) -> bool:
        nonlocal running, most
        with guard:
            running += 1
            most = max(most, running)
        started.release()
        release.wait(10)
        with guard:
            running -= 1
        return True

    monkeypatch.setattr(passwords, "_matches", fits)
    identity = make(user(password_hash=key_hash))
    tasks = [asyncio.create_task(with_password(identity, "ada", "x")) for _ in range(6)]
    for _ in range(CONCURRENT_VERIFICATIONS):
        assert await asyncio.to_thread(started.acquire, timeout=10)
    release.set()
    assert len(await asyncio.gather(*tasks)) == 6
    assert most == CONCURRENT_VERIFICATIONS


async def test_an_api_key_is_good_as_a_key_and_not_as_a_password(key_hash: SecretStr) -> None:
    identity = make(user(api_key_hash=key_hash))
    token, issued = await with_key(identity, "ada", "key")
    assert await identity.validate(token) == issued
    with pytest.raises(NotAuthenticated):
        await with_password(identity, "ada", "key")


async def test_a_password_is_not_good_as_an_api_key(key_hash: SecretStr) -> None:
    identity = make(user(password_hash=key_hash))
    with pytest.raises(NotAuthenticated):
        await with_key(identity, "ada", "key")


@pytest.mark.parametrize("key", ["password_hash", "api_key_hash"])
def test_a_hash_that_is_none_is_a_settings_error_that_does_not_show_it(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        make(user(**{key: "hunter2"}))
    assert key in str(caught.value)
    assert "'ada'" in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_only_the_hash_of_a_token_is_kept(key_hash: SecretStr) -> None:
    store = MemoryStore()
    token, _ = await with_key(make(user(api_key_hash=key_hash), store=store), "ada", "key")
    assert list(store.tokens) == [hashlib.sha256(token.encode()).hexdigest()]
    assert token not in repr(store.tokens)


async def test_only_the_hash_of_a_secret_is_kept(key_hash: SecretStr) -> None:
    store = MemoryStore()
    identity = make(user(api_key_hash=key_hash), store=store)
    _, holder = await with_key(identity, "ada", "key")
    made = await identity.credentials.create(holder, CredentialSpec("robot"))
    assert made is not None
    (kept,) = store.credentials.values()
    assert kept.secret_hash == hashlib.sha256(made[1].get_secret_value().encode()).hexdigest()
    assert made[1].get_secret_value() not in repr(kept)
    assert kept.secret_hash not in repr(kept)


async def test_a_sign_in_by_credential_verifies_no_password(key_hash: SecretStr, verifications: list[str]) -> None:
    identity = make(user(api_key_hash=key_hash))
    _, holder = await with_key(identity, "ada", "key")
    made = await identity.credentials.create(holder, CredentialSpec("robot"))
    assert made is not None
    verifications.clear()
    await identity.issue(CredentialSignIn(made[0].id, made[1]), Scope.OWN_PROJECT, CLIENT)
    assert verifications == []


async def test_a_user_has_so_many_credentials(key_hash: SecretStr) -> None:
    identity = make(user(api_key_hash=key_hash))
    _, holder = await with_key(identity, "ada", "key")
    for number in range(MAX_PER_USER):
        assert await identity.credentials.create(holder, CredentialSpec(f"robot {number}")) is not None
    with pytest.raises(Forbidden, match=f"maximum of {MAX_PER_USER} already exceeded"):
        await identity.credentials.create(holder, CredentialSpec("one more"))


async def test_what_a_token_allows_follows_the_settings(key_hash: SecretStr) -> None:
    store = MemoryStore()
    before = make(user(api_key_hash=key_hash, roles=("admin",)), store=store)
    token, _ = await with_key(before, "ada", "key")

    demoted = make(user(api_key_hash=key_hash, roles=("reader",)), store=store)
    assert (await demoted.validate(token)).identity.roles == {"reader"}
    for after in (make(user(project="other"), store=store), make(store=store)):
        with pytest.raises(NotAuthenticated):
            await after.validate(token)


async def test_what_a_credential_allows_follows_the_settings(key_hash: SecretStr) -> None:
    store = MemoryStore()
    before = make(user(api_key_hash=key_hash, roles=("member", "reader")), store=store)
    _, holder = await with_key(before, "ada", "key")
    made = await before.credentials.create(holder, CredentialSpec("robot"))
    assert made is not None
    sign_in = CredentialSignIn(made[0].id, made[1])
    token, _ = await before.issue(sign_in, Scope.OWN_PROJECT, CLIENT)

    promoted = make(user(roles=("member", "reader", "admin")), store=store)
    assert (await promoted.validate(token)).identity.roles == {"member", "reader"}
    demoted, moved, gone = make(user(roles=("reader",)), store=store), make(user(project="o"), store=store), make()
    for after in (demoted, moved, gone):
        with pytest.raises(NotAuthenticated):
            await after.validate(token)
        with pytest.raises(NotAuthenticated):
            await after.issue(sign_in, Scope.OWN_PROJECT, CLIENT)


@pytest.fixture
def quick(key_hash: SecretStr, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verifications without their cost, for tests of what surrounds many of them."""

    def fits(password: SecretStr, expected: SecretStr) -> bool:
        return password.get_secret_value() == "key" and expected == key_hash

    monkeypatch.setattr(passwords, "_matches", fits)


async def wait_after_failures(identity: EmbeddedIdentity, name: str) -> int:
    """Fails to sign in until told to wait; for how long."""
    for _ in range(PAIR.free):
        with pytest.raises(NotAuthenticated):
            await with_password(identity, name, "wrong")
    with pytest.raises(TooManyAttempts) as caught:
        await with_password(identity, name, "wrong")
    return caught.value.retry_after_seconds


@pytest.mark.usefixtures("quick")
async def test_existing_and_unknown_users_wait_alike(key_hash: SecretStr) -> None:
    identity = make(user(password_hash=key_hash))
    assert await wait_after_failures(identity, "ada") == await wait_after_failures(identity, "nobody") == 2


@pytest.mark.usefixtures("quick")
async def test_the_right_password_waits_too_and_nothing_is_verified(
    key_hash: SecretStr, verifications: list[str]
) -> None:
    identity = make(user(password_hash=key_hash))
    await wait_after_failures(identity, "ada")
    verifications.clear()
    with pytest.raises(TooManyAttempts):
        await with_password(identity, "ada", "key")
    with pytest.raises(TooManyAttempts):
        await with_key(identity, "ada", "key")
    assert verifications == []


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", ["ada", "nobody"])
async def test_a_users_name_and_id_are_counted_together(key_hash: SecretStr, name: str) -> None:
    identity = make(user(password_hash=key_hash))
    await wait_after_failures(identity, name)
    with pytest.raises(TooManyAttempts):
        await with_password(identity, user_id_of(name), "key")


@pytest.mark.usefixtures("quick")
async def test_failures_by_credential_are_counted(key_hash: SecretStr) -> None:
    identity = make(user(api_key_hash=key_hash))
    for reference, owner in (("unknown", None), ("robot", "ada")):
        sign_in = CredentialSignIn(reference, SecretStr("wrong"), owner)
        for _ in range(PAIR.free):
            with pytest.raises(NotAuthenticated):
                await identity.issue(sign_in, Scope.OWN_PROJECT, CLIENT)
        with pytest.raises(TooManyAttempts):
            await identity.issue(sign_in, Scope.OWN_PROJECT, CLIENT)


@pytest.mark.usefixtures("quick")
async def test_many_tries_at_once_are_no_way_around(key_hash: SecretStr, verifications: list[str]) -> None:
    identity = make(user(password_hash=key_hash))
    outcomes = await asyncio.gather(
        *(with_password(identity, "ada", f"guess {number}") for number in range(40)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, NotAuthenticated)]
    waiting = [outcome for outcome in outcomes if isinstance(outcome, TooManyAttempts)]
    assert len(refused) + len(waiting) == 40
    assert len(verifications) == len(refused) < PAIR.free + CONCURRENT_VERIFICATIONS


@pytest.mark.usefixtures("quick")
async def test_a_success_clears_the_users_failures(key_hash: SecretStr) -> None:
    identity = make(user(password_hash=key_hash))
    for _ in range(3):
        for _ in range(PAIR.free - 1):
            with pytest.raises(NotAuthenticated):
                await with_password(identity, "ada", "wrong")
        await with_password(identity, "ada", "key")


@pytest.mark.usefixtures("quick")
async def test_a_store_that_does_not_answer_is_no_failure_of_the_user(
    key_hash: SecretStr, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()

    async def fail(token: IdentityToken) -> None:
        raise Unavailable("store")

    identity = make(user(password_hash=key_hash), store=store)
    with monkeypatch.context() as patch:
        patch.setattr(store, "add_token", fail)
        for _ in range(PAIR.free + 1):
            with pytest.raises(Unavailable):
                await with_password(identity, "ada", "key")
    await with_password(identity, "ada", "key")


async def test_a_token_revoked_while_it_is_looked_up_is_not_remembered(key_hash: SecretStr) -> None:
    class Slow(MemoryStore):
        def __init__(self) -> None:
            super().__init__()
            self.found = asyncio.Event()
            self.go = asyncio.Event()
            self.go.set()

        async def find_token(self, token_hash: str, now: float) -> IdentityToken | None:
            kept = await super().find_token(token_hash, now)
            self.found.set()
            await self.go.wait()
            return kept

    store = Slow()
    identity = make(user(api_key_hash=key_hash), store=store)
    token, _ = await identity.issue(ApiKeySignIn("ada", SecretStr("key")), "demo", "here")
    store.go.clear()
    looking = asyncio.create_task(identity.validate(token))
    await store.found.wait()
    await identity.revoke(token)
    store.go.set()
    await looking
    with pytest.raises(NotAuthenticated):
        await identity.validate(token)


async def test_a_token_revoked_elsewhere_is_refused_soon_also_when_the_clock_is_set_back() -> None:
    wall, passing = [NOW], [50.0]
    store = MemoryStore()
    settings = IdentitySettings(users=(user(password=SecretStr("x")),), allow_plain_passwords=True)
    throttle = LoginThrottle(lambda: passing[0])
    identity = EmbeddedIdentity(settings, store, lambda: wall[0], throttle, monotonic=lambda: passing[0])
    token, _ = await with_password(identity, "ada", "x")
    await identity.validate(token)
    await store.revoke_token(hash_token(token))
    wall[0] -= 86400
    passing[0] += KNOWN_SECONDS
    with pytest.raises(NotAuthenticated):
        await identity.validate(token)


async def test_a_token_that_is_remembered_still_ends_on_time() -> None:
    wall = [NOW]
    settings = IdentitySettings(users=(user(password=SecretStr("x")),), allow_plain_passwords=True)
    identity = EmbeddedIdentity(
        settings, MemoryStore(), lambda: wall[0], LoginThrottle(lambda: 0.0), monotonic=lambda: 0.0
    )
    token, told = await with_password(identity, "ada", "x")
    await identity.validate(token)
    wall[0] = told.expires_at
    with pytest.raises(NotAuthenticated):
        await identity.validate(token)
