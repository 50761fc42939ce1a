"""Looking into a session: who may, what is captured and counted, and sessions of another worker."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.api.test_links import problem
from tests.api.test_sessions import PATH, open_session
from tests.api.test_sessions_here import Here, open_here
from tests.api.world import World
from tests.fakes.waiting import until
from tests.unit.protocols.test_pcap import streams_of

from keyhole.protocols.pcap import MEDIA_TYPE, TARGET, VIEWER

ADMIN = "admin"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def here(world: World) -> Here:
    return await open_here(world)


def path_of(here: Here, what: str) -> str:
    return f"{PATH}/{here.session.id}/{what}"


def captures(world: World) -> list[dict[str, Any]]:
    """The log events about captures."""
    events = map(json.loads, world.log.getvalue().splitlines())
    return [event for event in events if event["event"] == "session.captured"]


async def look(world: World, here: Here, path: str) -> AsyncIterator[tuple[asyncio.Task[httpx.Response], Here]]:
    """A running request whose tap is already attached."""
    asking = asyncio.create_task(world.ask("GET", path, ADMIN))
    await until(lambda: here.taps)
    yield asking, here
    await asking


async def test_a_capture_has_what_the_line_carries_until_the_session_ends(world: World, here: Here) -> None:
    async for asking, _ in look(world, here, path_of(here, "capture")):
        (tap,) = here.taps
        tap.target_sent(b"login: ", asyncio.get_running_loop().time())
        tap.viewer_sent(b"root\r", asyncio.get_running_loop().time())
        tap.line_closed()
        answer = await asking
        assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPE)
        assert answer.headers["cache-control"] == "no-store"
        assert streams_of(answer.content) == {TARGET[0]: {1: b"login: "}, VIEWER[0]: {1: b"root\r"}}
    assert here.taps == []
    (event,) = captures(world)
    assert (event["session"], event["by"]) == (here.session.id, "admin")


async def test_traffic_is_counted_until_the_session_ends(world: World, here: Here) -> None:
    async for asking, _ in look(world, here, path_of(here, "traffic")):
        (tap,) = here.taps
        tap.target_sent(bytes(10), 1.0)
        tap.target_sent(bytes(20), 1.5)
        tap.line_closed()
        found = (await asking).json()["traffic"]
        assert found["session"] == here.session.id
        assert found["to_viewer"] == {"bytes": 30, "pieces": 2, "largest_bytes": 20, "longest_pause_seconds": 0.5}
        assert found["to_target"] == {"bytes": 0, "pieces": 0, "largest_bytes": 0, "longest_pause_seconds": 0}
    assert here.taps == []


@pytest.mark.parametrize("what", ["capture", "traffic"])
async def test_it_ends_after_the_time_that_was_asked_for(world: World, here: Here, what: str) -> None:
    async for asking, _ in look(world, here, path_of(here, f"{what}?seconds=1")):
        assert (await asking).status_code == 200
    assert here.taps == []


@pytest.mark.parametrize("what", ["capture", "traffic"])
class TestRefusals:
    async def test_it_takes_the_role_admin(self, world: World, here: Here, what: str) -> None:
        answer = await world.ask("GET", path_of(here, what))
        assert (answer.status_code, problem(answer)["reason"]) == (403, "forbidden")
        assert here.taps == []

    async def test_an_unknown_session_is_not_found(self, world: World, what: str) -> None:
        answer = await world.ask("GET", f"{PATH}/unknown/{what}", ADMIN)
        assert (answer.status_code, problem(answer)["reason"]) == (404, "not_found")

    async def test_a_session_of_another_worker_is_to_be_asked_for_again(self, world: World, what: str) -> None:
        record = await open_session(world)
        answer = await world.ask("GET", f"{PATH}/{record.id}/{what}", ADMIN)
        assert (answer.status_code, problem(answer)["reason"]) == (421, "not_found")

    @pytest.mark.parametrize("seconds", ["0", "-1", "1.5", "3601", "x", "", "9" * 5000])
    async def test_seconds_are_a_whole_number(self, world: World, here: Here, what: str, seconds: str) -> None:
        answer = await world.ask("GET", path_of(here, f"{what}?seconds={seconds}"), ADMIN)
        assert (answer.status_code, problem(answer)["reason"]) == (400, "request_malformed")
        assert here.taps == []


async def test_asking_for_a_captures_head_captures_nothing(world: World, here: Here) -> None:
    answer = await world.ask("HEAD", path_of(here, "capture"), ADMIN)
    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPE)
    assert (here.taps, captures(world)) == ([], [])
