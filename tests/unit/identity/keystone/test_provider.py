"""Validation by a Keystone: how long results are cached, concurrent requests, and the effects of an outage."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cachetools import TTLCache
from pydantic import SecretStr
from tests.fakes.keystone_server import PASSWORD, USER_TOKEN, keystone_server
from tests.fakes.waiting import until

from keyhole.config import IdentitySettings
from keyhole.errors import NotAuthenticated, SettingsError, Unavailable
from keyhole.identity.keystone import provider as subject
from keyhole.identity.keystone.provider import KeystoneIdentity, project_id_of
from keyhole.model import RequesterToken

ISSUED = 1_700_000_000.0


class Client:
    """A KeystoneClient that knows a few tokens and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.tokens: dict[str, dict[str, Any]] = {"good": USER_TOKEN}
        self.failure: Exception | None = None
        self.expired: list[str] = []
        self.checks = 0
        self.gate = threading.Event()
        self.gate.set()

    def show_token(self, token: str, *, expired: bool = False) -> dict[str, Any] | None:
        self.asked.append(token)
        if expired:
            self.expired.append(token)
        assert self.gate.wait(10)
        if self.failure is not None:
            raise self.failure
        return self.tokens.get(token)

    def check(self) -> None:
        self.checks += 1
        if self.failure is not None:
            raise self.failure


class Clock:
    def __init__(self) -> None:
        self.now = ISSUED

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def identity(client: Client, clock: Clock) -> AsyncIterator[KeystoneIdentity]:
    with ThreadPoolExecutor(8) as threads:
        yield KeystoneIdentity(client, threads, clock, monotonic=clock)  # type: ignore[arg-type]
        client.gate.set()


async def refused(identity: KeystoneIdentity, token: str) -> None:
    with pytest.raises(NotAuthenticated):
        await identity.validate(token)


async def test_a_token_is_what_keystone_says(identity: KeystoneIdentity) -> None:
    token = await identity.validate("good")
    assert (token.identity.user_id, token.identity.user_name) == ("u1", "ada")
    assert (token.identity.project_id, token.identity.project_name) == ("p1", "demo")
    assert token.identity.roles == {"member", "reader"}
    assert (token.methods, token.audit_id) == (("password",), "a1")
    assert (token.issued_at, token.expires_at) == (ISSUED, ISSUED + 3600)


@pytest.mark.parametrize("scope", [{}, {"domain": {"id": "d", "name": "D"}}, {"system": {"all": True}}])
async def test_a_token_for_no_project_has_no_roles_here(
    identity: KeystoneIdentity, client: Client, scope: dict[str, Any]
) -> None:
    client.tokens["admin"] = {key: value for key, value in USER_TOKEN.items() if key != "project"} | scope
    client.tokens["admin"]["roles"] = [{"id": "r", "name": "admin"}]
    found = (await identity.validate("admin")).identity
    assert (found.project_id, found.roles, found.is_admin) == (None, frozenset(), False)


async def test_a_projects_name_is_known_once_somebody_came_with_a_token_for_it(identity: KeystoneIdentity) -> None:
    assert identity.project_name("p1") is None
    await identity.validate("good")
    assert identity.project_name("p1") == "demo"


async def test_a_good_token_is_believed_for_a_while(identity: KeystoneIdentity, client: Client, clock: Clock) -> None:
    await identity.validate("good")
    clock.now += 299
    await identity.validate("good")
    assert client.asked == ["good"]
    clock.now += 1
    await identity.validate("good")
    assert client.asked == ["good", "good"]


async def test_a_good_token_is_believed_no_longer_when_the_clock_is_set_back(client: Client, clock: Clock) -> None:
    passing = Clock()
    with ThreadPoolExecutor(1) as threads:
        identity = KeystoneIdentity(client, threads, clock, monotonic=passing)  # type: ignore[arg-type]
        await identity.validate("good")
        client.tokens.clear()
        clock.now -= 86400
        passing.now += 300
        await refused(identity, "good")


async def test_a_good_token_is_not_believed_beyond_its_end(
    identity: KeystoneIdentity, client: Client, clock: Clock
) -> None:
    clock.now = ISSUED + 3590
    await identity.validate("good")
    clock.now = ISSUED + 3600
    client.tokens.clear()
    await refused(identity, "good")
    assert client.asked == ["good", "good"]


async def test_a_token_that_keystone_calls_good_after_its_end_is_refused(
    identity: KeystoneIdentity, clock: Clock
) -> None:
    clock.now = ISSUED + 3601
    await refused(identity, "good")


async def test_a_bad_token_is_not_asked_about_again_for_a_moment(
    identity: KeystoneIdentity, client: Client, clock: Clock
) -> None:
    for _ in range(3):
        await refused(identity, "bad")
    assert client.asked == ["bad"]
    clock.now += 10
    client.tokens["bad"] = USER_TOKEN
    await identity.validate("bad")


async def test_a_flood_of_bad_tokens_leaves_the_good_ones_known(
    identity: KeystoneIdentity, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await identity.validate("good")
    monkeypatch.setattr(identity, "_refused", TTLCache(10, 60))
    for number in range(50):
        await refused(identity, f"bad-{number}")
    assert len(identity._refused) == 10
    client.asked.clear()
    await identity.validate("good")
    assert client.asked == []


@pytest.mark.parametrize("token", ["", " ", "two words", "x" * 5000, "\n", "umläut", "\ud800", "a\0"])
async def test_what_is_no_token_is_not_asked_about(identity: KeystoneIdentity, client: Client, token: str) -> None:
    await refused(identity, token)
    assert client.asked == []


async def test_a_silent_keystone_is_unavailable_and_asked_again(identity: KeystoneIdentity, client: Client) -> None:
    client.failure = Unavailable("keystone")
    for _ in range(2):
        with pytest.raises(Unavailable):
            await identity.validate("good")
    client.failure = None
    await identity.validate("good")
    assert len(client.asked) == 3


async def test_what_was_believed_outlives_a_silence(identity: KeystoneIdentity, client: Client) -> None:
    await identity.validate("good")
    client.failure = Unavailable("keystone")
    await identity.validate("good")


async def test_an_answer_that_describes_no_token_is_unavailable(identity: KeystoneIdentity, client: Client) -> None:
    client.tokens["odd"] = {"user": {"id": 5}}
    with pytest.raises(Unavailable, match="returned a token in an unexpected format"):
        await identity.validate("odd")


async def answers_to(identity: KeystoneIdentity, tokens: list[str]) -> list[object]:
    return list(await asyncio.gather(*(identity.validate(token) for token in tokens), return_exceptions=True))


async def test_many_requests_with_one_token_ask_once(identity: KeystoneIdentity, client: Client) -> None:
    client.gate.clear()
    asking = asyncio.create_task(answers_to(identity, ["good"] * 50))
    await until(lambda: bool(client.asked))
    client.gate.set()
    answers = await asking
    assert len(answers) == 50
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert client.asked == ["good"]


async def test_the_loop_goes_on_while_keystone_thinks(identity: KeystoneIdentity, client: Client) -> None:
    client.gate.clear()
    task = asyncio.create_task(identity.validate("good"))
    await until(lambda: bool(client.asked))
    await asyncio.sleep(0)
    assert not task.done()
    client.gate.set()
    await task


async def test_whoever_leaves_does_not_end_the_question_for_others(identity: KeystoneIdentity, client: Client) -> None:
    client.gate.clear()
    leaver = asyncio.create_task(identity.validate("good"))
    stayer = asyncio.create_task(identity.validate("good"))
    await until(lambda: bool(client.asked))
    leaver.cancel()
    await asyncio.gather(leaver, return_exceptions=True)
    client.gate.set()
    assert (await stayer).identity.user_name == "ada"
    assert client.asked == ["good"]


async def test_so_many_may_wait(identity: KeystoneIdentity, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MAX_WAITING", 5)
    client.gate.clear()
    asking = asyncio.create_task(answers_to(identity, [f"bad-{number}" for number in range(8)]))
    await until(lambda: bool(client.asked))
    client.gate.set()
    answers = await asking
    assert [type(answer) for answer in answers] == [NotAuthenticated] * 5 + [Unavailable] * 3


async def test_an_answer_that_takes_too_long_is_unavailable(
    identity: KeystoneIdentity, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "ANSWER_SECONDS", 0.05)
    client.gate.clear()
    with pytest.raises(Unavailable, match=r"within 0\.05 seconds"):
        await identity.validate("good")


async def test_troubles_are_told_and_not_asked_about_all_the_time(
    identity: KeystoneIdentity, client: Client, clock: Clock
) -> None:
    assert list(await identity.check()) == []
    client.failure = Unavailable("It is gone.")
    assert list(await identity.check()) == []
    clock.now += 5
    assert list(await identity.check()) == ["It is gone."]
    client.failure = None
    clock.now += 5
    assert list(await identity.check()) == []
    assert client.checks == 3


def settings(url: str, **more: Any) -> IdentitySettings:
    values: dict[str, Any] = {
        "backend": "keystone",
        "auth_url": url,
        "username": "keyhole",
        "password": SecretStr(PASSWORD),
        "project_name": "service",
    }
    return IdentitySettings(**values | more)


async def test_it_asks_over_http(clock: Clock) -> None:
    with keystone_server() as server:
        async with KeystoneIdentity.open(settings(server.url), clock) as identity:
            assert (await identity.validate("good")).identity.user_name == "ada"
            await refused(identity, "bad")
            assert list(await identity.check()) == []


async def test_it_opens_without_a_keystone_and_tells(clock: Clock) -> None:
    async with KeystoneIdentity.open(settings("http://127.0.0.1:1"), clock) as identity:
        assert list(await identity.check()) == ["The identity service http://127.0.0.1:1 cannot be reached."]


async def test_a_cafile_that_is_not_there_is_a_settings_error(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(SettingsError, match=r"identity\.cafile"):
        async with KeystoneIdentity.open(settings("https://127.0.0.1:1", cafile=tmp_path / "none"), clock):
            pass


def test_a_project_is_named_by_its_id() -> None:
    assert project_id_of("0123456789abcdef0123456789abcdef") == "0123456789abcdef0123456789abcdef"
    with pytest.raises(SettingsError, match="write the project's id"):
        project_id_of("demo")


WARRANT = RequesterToken("good", expires_at=ISSUED + 3600)


class TestWhatStands:
    """Whether the requester token of a console is still valid in Keystone."""

    @pytest.fixture
    async def identity(self, client: Client, clock: Clock) -> AsyncIterator[KeystoneIdentity]:
        with ThreadPoolExecutor(8) as threads:
            yield KeystoneIdentity(client, threads, clock, 7200, monotonic=clock)  # type: ignore[arg-type]

    async def test_what_was_believed_before_is_asked_again(
        self, identity: KeystoneIdentity, client: Client, clock: Clock
    ) -> None:
        await identity.validate("good")
        assert await identity.may_open("u1", "p1", WARRANT)
        client.tokens.clear()
        clock.now += 5
        assert not await identity.may_open("u1", "p1", WARRANT)
        await refused(identity, "good")

    async def test_viewers_that_come_back_all_the_time_are_not_asked_about_all_the_time(
        self, identity: KeystoneIdentity, client: Client
    ) -> None:
        for _ in range(5):
            await identity.may_open("u1", "p1", WARRANT)
        assert client.asked == ["good"]

    @pytest.mark.parametrize(
        ("roles", "project", "allowed"),
        [(("member",), "p1", True), (("member",), "p2", False), (("admin",), "p2", True), (("reader",), "p1", False)],
    )
    async def test_the_roles_of_now_count(
        self, identity: KeystoneIdentity, client: Client, roles: tuple[str, ...], project: str, allowed: bool
    ) -> None:
        client.tokens["good"] = USER_TOKEN | {"roles": [{"id": role, "name": role} for role in roles]}
        assert await identity.may_open("u1", project, WARRANT) is allowed

    async def test_an_expired_token_still_tells(self, identity: KeystoneIdentity, client: Client, clock: Clock) -> None:
        clock.now = ISSUED + 3600 + 1000
        assert await identity.may_open("u1", "p1", WARRANT)
        assert client.expired == ["good"]
        client.tokens.clear()
        clock.now += 1000
        assert not await identity.may_open("u1", "p1", WARRANT)

    async def test_once_keystone_tells_nothing_more_of_it_nothing_is_taken(
        self, identity: KeystoneIdentity, client: Client, clock: Clock
    ) -> None:
        client.tokens.clear()
        clock.now = ISSUED + 3600 + 7200
        assert await identity.may_open("u1", "p1", WARRANT)
        assert client.asked == []

    async def test_silence_is_no_answer(self, identity: KeystoneIdentity, client: Client) -> None:
        client.failure = Unavailable("It is gone.")
        with pytest.raises(Unavailable):
            await identity.may_open("u1", "p1", WARRANT)
        client.failure = None
        assert await identity.may_open("u1", "p1", WARRANT)
