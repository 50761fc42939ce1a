"""Requests that end at a deadline; test_client.py tests the effects of a slow Keystone."""

from collections.abc import Iterator

import pytest
import requests
from tests.fakes.keystone_server import KeystoneServer, keystone_server

from keyhole.identity.keystone.deadlines import DeadlineAdapter


@pytest.fixture
def server() -> Iterator[KeystoneServer]:
    with keystone_server() as server:
        yield server


@pytest.fixture
def adapter() -> DeadlineAdapter:
    return DeadlineAdapter()


@pytest.fixture
def session(adapter: DeadlineAdapter) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.mount("http://", adapter)
        yield session


def test_an_answer_in_time_is_whole(
    session: requests.Session, adapter: DeadlineAdapter, server: KeystoneServer
) -> None:
    with adapter.calls_end_after(10):
        for _ in range(2):
            assert session.get(f"{server.url}/v3", timeout=5).json()["version"]["id"] == "v3.14"


def test_a_timeout_is_one_for_the_whole_answer(session: requests.Session, server: KeystoneServer) -> None:
    server.trickles = "body"
    with pytest.raises(requests.ConnectionError):
        session.get(f"{server.url}/v3", timeout=0.5)
    assert server.given_up.wait(10)


@pytest.mark.parametrize("timeout", [None, 60])
def test_a_call_ends_its_requests(
    session: requests.Session, adapter: DeadlineAdapter, server: KeystoneServer, timeout: float | None
) -> None:
    server.trickles = "head"
    with adapter.calls_end_after(0.5), pytest.raises(requests.Timeout):
        session.get(f"{server.url}/v3", timeout=timeout)
    assert server.given_up.wait(10)


def test_nothing_is_asked_once_a_call_is_over(
    session: requests.Session, adapter: DeadlineAdapter, server: KeystoneServer
) -> None:
    with adapter.calls_end_after(0), pytest.raises(requests.ConnectTimeout):
        session.get(f"{server.url}/v3")
    assert server.asked == []
    assert session.get(f"{server.url}/v3").ok
