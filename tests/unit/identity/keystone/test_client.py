"""The requests to a Keystone, their endpoints, and the meaning of its answers and timeouts."""

import socket
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from pydantic import SecretStr
from tests.fakes.keystone_server import PASSWORD, USER_TOKEN, KeystoneServer, keystone_server

from keyhole.config import IdentitySettings
from keyhole.errors import ProjectNeeded, Unavailable
from keyhole.identity.keystone.client import KeystoneClient

Connects = Callable[..., KeystoneClient]


@pytest.fixture
def keystone() -> Iterator[KeystoneServer]:
    with keystone_server() as server:
        yield server


@pytest.fixture
def connect(keystone: KeystoneServer) -> Iterator[Connects]:
    clients: list[KeystoneClient] = []

    def make(request_seconds: float = 4.0, call_seconds: float = 10.0, **more: Any) -> KeystoneClient:
        values: dict[str, Any] = {
            "backend": "keystone",
            "auth_url": keystone.url,
            "username": "keyhole",
            "password": SecretStr(PASSWORD),
            "project_name": "service",
        }
        settings = IdentitySettings(**values | more)
        clients.append(KeystoneClient(settings, request_seconds=request_seconds, call_seconds=call_seconds))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def nowhere() -> str:
    """A URL where nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("path", ["", "/", "/v3", "/v3/"])
def test_a_token_is_told(connect: Connects, keystone: KeystoneServer, path: str) -> None:
    client = connect(auth_url=f"{keystone.url}{path}")
    assert client.show_token("good") == USER_TOKEN
    assert client.show_token("unknown") is None
    assert keystone.validations == 2


def test_keyhole_signs_in_once(connect: Connects, keystone: KeystoneServer) -> None:
    client = connect()
    for _ in range(3):
        client.show_token("good")
    assert keystone.service_tokens == ["service-0"]


def test_access_rules_are_not_claimed(connect: Connects, keystone: KeystoneServer) -> None:
    connect().show_token("good")
    assert "OpenStack-Identity-Access-Rules" not in {name for headers in keystone.headers for name in headers}


def test_a_service_token_that_is_not_accepted_is_renewed_once(connect: Connects, keystone: KeystoneServer) -> None:
    client = connect()
    client.show_token("good")
    keystone.forget_service_tokens()
    assert client.show_token("good") == USER_TOKEN
    assert keystone.service_tokens == ["service-0", "service-1"]
    keystone.status = 401
    with pytest.raises(Unavailable, match="does not let Keyhole's own user"):
        client.show_token("good")
    assert len(keystone.service_tokens) == 3


@pytest.mark.parametrize(
    ("named", "region", "expected"),
    [
        ([("public", "one", "/public"), ("internal", "one", "/internal")], None, "/internal"),
        ([("public", "one", "/public"), ("admin", "one", "/admin")], None, "/public"),
        ([("internal", "one", "/one"), ("internal", "two", "/two")], "two", "/two"),
        ([("internal", "one", "/one")], "two", ""),
        ([("internal", "one", "/internal/v3/")], None, "/internal"),
        ([], None, ""),
    ],
)
def test_the_internal_endpoint_of_the_catalog_is_asked(
    connect: Connects, keystone: KeystoneServer, named: list[tuple[str, str, str]], region: str | None, expected: str
) -> None:
    keystone.endpoints = [(interface, of, f"{keystone.url}{path}") for interface, of, path in named]
    connect(region_name=region).show_token("good")
    (asked,) = [path for method, path in keystone.asked if "/auth/tokens?" in path]
    assert asked == f"{expected}/v3/auth/tokens?nocatalog"


def test_an_endpoint_that_cannot_be_reached_is_passed_over_and_not_tried_again(
    connect: Connects, keystone: KeystoneServer
) -> None:
    keystone.endpoints = [("internal", "one", nowhere())]
    client = connect()
    assert client.show_token("good") == USER_TOKEN
    assert client._endpoints()[0] == keystone.url


def test_a_keystone_that_is_not_there_is_unavailable(connect: Connects) -> None:
    url = nowhere()
    calls: tuple[Callable[[], object], ...] = (
        connect(auth_url=url).check,
        lambda: connect(auth_url=url).show_token("good"),
    )
    for call in calls:
        with pytest.raises(Unavailable) as caught:
            call()
        assert str(caught.value) == f"The identity service {url} cannot be reached."
        assert caught.value.__cause__ is not None


def test_a_keystone_that_goes_away_is_unavailable(connect: Connects) -> None:
    with keystone_server() as short_lived:
        client = connect(auth_url=short_lived.url)
        client.show_token("good")
        client.close()
    with pytest.raises(Unavailable, match="cannot be reached"):
        client.show_token("good")


@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("signed_in", [False, True])
def test_an_answer_that_trickles_ends_at_the_deadline(
    connect: Connects, keystone: KeystoneServer, part: Literal["head", "body"], signed_in: bool
) -> None:
    client = connect(request_seconds=0.5)
    if signed_in:
        client.show_token("good")
    keystone.trickles = part
    with pytest.raises(Unavailable) as caught:
        client.show_token("good")
    assert str(caught.value) == f"The identity service {keystone.url} cannot be reached."
    assert keystone.given_up.wait(10)
    keystone.trickles = ""
    assert client.show_token("good") == USER_TOKEN


def test_all_requests_of_a_call_end_at_its_deadline(connect: Connects, keystone: KeystoneServer) -> None:
    keystone.endpoints = [("internal", "one", f"{keystone.url}/internal")]
    client = connect(request_seconds=60, call_seconds=0.5)
    client.show_token("good")
    asked = len(keystone.asked)
    keystone.trickles = "body"
    with pytest.raises(Unavailable, match="cannot be reached"):
        client.show_token("good")
    assert keystone.given_up.wait(10)
    assert len(keystone.asked) == asked + 1


def test_a_wrong_password_of_keyholes_own_is_told_without_it(connect: Connects) -> None:
    with pytest.raises(Unavailable, match=r"does not accept Keyhole's own user \(identity.username\)") as caught:
        connect(password=SecretStr("hunter2")).show_token("good")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, b"{}", "answers with status 500"),
        (503, b"oops", "answers with status 503"),
        (429, b"{}", "answers with status 429"),
        (403, b"{}", "does not let Keyhole's own user"),
        (404, b"<html>", "answers with status 404"),
        (404, b"[]", "answers with status 404"),
        (200, b"<html>", "does not answer in JSON"),
        (200, b"[]", "answers without a token"),
        (200, b'{"token": 5}', "answers without a token"),
    ],
)
def test_what_is_no_answer_is_unavailable(
    connect: Connects, keystone: KeystoneServer, status: int, body: bytes, words: str
) -> None:
    keystone.status, keystone.body = status, body
    with pytest.raises(Unavailable, match=words):
        connect().show_token("good")


def test_a_keystone_that_is_none_is_unavailable(connect: Connects, keystone: KeystoneServer) -> None:
    with pytest.raises(Unavailable, match="does not answer like an identity service"):
        connect(auth_url=f"{keystone.url}/elsewhere").show_token("good")


def test_a_keystone_that_works_passes_the_check(connect: Connects) -> None:
    connect().check()


def test_a_person_signs_in_with_a_password_of_their_own(keystone: KeystoneServer, connect: Connects) -> None:
    client = connect()
    token = client.sign_in("ada", PASSWORD, None, None)
    assert token in keystone.accepted
    assert client.sign_in("ada", "wrong", None, None) is None
    client.revoke_token(token or "")
    assert token not in keystone.accepted
    client.revoke_token(token or "")


@pytest.mark.parametrize("project", ["demo", "7c2f0d3c5f8e4a0f9d1b6a2e8c4b5d6f"])
def test_a_person_may_name_a_project_by_name_or_id(keystone: KeystoneServer, connect: Connects, project: str) -> None:
    keystone.projects = [{"id": "p1", "name": "demo"}, {"id": "p2", "name": "other"}]
    assert connect().sign_in("ada", PASSWORD, project, "Lab") in keystone.accepted


def test_the_only_project_of_a_person_need_not_be_named(keystone: KeystoneServer, connect: Connects) -> None:
    keystone.projects = [{"id": "p1", "name": "demo"}]
    assert connect().sign_in("ada", PASSWORD, None, None) == "service-1"


def test_of_several_projects_one_must_be_named(keystone: KeystoneServer, connect: Connects) -> None:
    keystone.projects = [{"id": name, "name": name} for name in ("demo", "other")]
    with pytest.raises(ProjectNeeded, match="say which: demo, other"):
        connect().sign_in("ada", PASSWORD, None, None)


def test_persons_cannot_sign_in_while_keystone_is_away(connect: Connects) -> None:
    client = connect(auth_url=nowhere())
    with pytest.raises(Unavailable, match="cannot be reached"):
        client.sign_in("ada", PASSWORD, None, None)
    with pytest.raises(Unavailable, match="cannot be reached"):
        client.revoke_token("x")
