"""os-getConsoleOutput, which exists at every microversion."""

import asyncio
import json
import threading
from typing import Any

import pytest
from tests.api.world import SERVER_ID, World, make_server
from tests.fakes.waiting import until

from keyhole.api.compute import console_output
from keyhole.api.compute.console_output import DEFAULT_BYTES, MAX_BYTES
from keyhole.api.log_readers import READERS_PER_USER
from keyhole.model import ServerStatus

PATH = f"/compute/v2.1/servers/{SERVER_ID}/action"


async def read(world: World, arguments: Any, **more: Any) -> Any:
    return await world.ask("POST", PATH, body=json.dumps({"os-getConsoleOutput": arguments}), **more)


@pytest.mark.parametrize(
    ("length", "output"),
    [
        (None, "one\ntwo\nthree\n"),
        (-1, "one\ntwo\nthree\n"),
        ("-1", "one\ntwo\nthree\n"),
        (0, ""),
        ("0", ""),
        (1, ""),
        (2, "three\n"),
        ("2", "three\n"),
        (2.0, "three\n"),
        (3, "two\nthree\n"),
        (100, "one\ntwo\nthree\n"),
        (10**30, "one\ntwo\nthree\n"),
        ("9" * 5000, "one\ntwo\nthree\n"),
    ],
)
async def test_the_last_lines(length: Any, output: str) -> None:
    world = World()
    world.driver.log = b"one\ntwo\nthree\n"
    response = await read(world, {"length": length})
    assert response.status_code == 200
    assert response.json() == {"output": output}


async def test_no_lines_are_not_read_as_all() -> None:
    world = World()
    await read(world, {"length": 0})
    assert world.driver.asked_lines == [1]


@pytest.mark.parametrize("version", ["2.1", "2.6", "2.104"])
async def test_without_length_it_is_the_whole_log(version: str) -> None:
    response = await read(World(), {}, OpenStack_API_Version=f"compute {version}")
    assert response.json() == {"output": "FAKE CONSOLE OUTPUT\nANOTHER\nLAST LINE"}


async def test_only_printable_ascii_tabs_and_line_feeds_are_shown() -> None:
    world = World()
    world.driver.log = bytes(range(256))
    shown = (await read(world, {})).json()["output"]
    assert shown == "\t\n" + "".join(chr(code) for code in range(0x20, 0x80)) + "?" * 128


async def test_escape_sequences_are_left_out_whole() -> None:
    world = World()
    world.driver.log = b"\x1b]0;vm\x07[\x1b[0;32m  OK  \x1b[0m] Started \x1b(Bcron.\x1b[K\r\nlogin: \x1b[6n"
    assert (await read(world, {})).json() == {"output": "[  OK  ] Started cron.\nlogin: "}


@pytest.mark.parametrize(
    "arguments", [{"length": -2}, {"length": "abc"}, {"length": 2.5}, {"length": True}, {"x": 1}, None, []]
)
async def test_wrong_lengths(arguments: Any) -> None:
    response = await read(World(), arguments)
    assert response.status_code == 400
    assert "badRequest" in response.json()


@pytest.mark.parametrize("length", [None, 0])
async def test_a_server_without_a_log(length: int | None) -> None:
    world = World()
    world.driver.log = None
    response = await read(world, {"length": length})
    assert response.status_code == 404
    assert response.json()["itemNotFound"]["message"] == "Guest does not have a console available."


async def test_is_given_while_the_server_is_deleted() -> None:
    world = World(make_server(task_state="deleting", status=ServerStatus.SHUTOFF))
    assert (await read(world, {})).status_code == 200


@pytest.mark.parametrize(
    ("user", "path", "status"),
    [
        ("watcher", PATH, 403),
        ("watcher", "/compute/v2.1/servers/nosuch/action", 404),
        ("stranger", PATH, 404),
        ("admin", PATH, 200),
    ],
)
async def test_the_server_comes_before_policy(user: str, path: str, status: int) -> None:
    response = await World().ask("POST", path, user=user, body='{"os-getConsoleOutput": {}}')
    assert response.status_code == status
    if status == 403:
        assert response.json()["forbidden"]["message"].startswith(
            "Policy doesn't allow os_compute_api:os-console-output to be performed."
        )


@pytest.mark.parametrize("length", [None, -1])
async def test_without_length_a_long_log_is_its_last_100_kib(length: int | None) -> None:
    world = World()
    world.driver.log = b"x" * 50 + b"line\n" * 100_000
    output = (await read(world, {"length": length})).json()["output"]
    assert output == ("line\n" * 100_000)[-DEFAULT_BYTES:]


async def test_as_many_lines_as_are_asked_for_up_to_a_mebibyte() -> None:
    world = World()
    world.driver.log = b"line\n" * 400_000
    assert (await read(world, {"length": 100_001})).json()["output"] == "line\n" * 100_000
    assert (await read(world, {"length": 400_001})).json()["output"] == ("line\n" * 400_000)[-MAX_BYTES:]


async def test_a_long_log_is_shown_as_a_short_one_is() -> None:
    world = World()
    world.driver.log = bytes(range(256)) * 1024
    shown = "\t\n" + "".join(chr(code) for code in range(0x20, 0x80)) + "?" * 128
    assert (await read(world, {"length": 10**6})).json()["output"] == shown * 1024


async def test_it_is_rendered_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def render(log: bytes) -> bytes:
        threads.append(threading.current_thread())
        return b"{}"

    monkeypatch.setattr(console_output, "_rendered", render)
    await read(World(), {})
    assert threads
    assert threading.main_thread() not in threads


async def test_a_user_has_few_logs_read_at_once_and_holds_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    go_on = asyncio.Event()
    reading = 0

    async def read_slowly(server_id: str, lines: int | None) -> bytes:
        nonlocal reading
        reading += 1
        await go_on.wait()
        reading -= 1
        return b"log"

    monkeypatch.setattr(world.driver, "console_log", read_slowly)
    async with asyncio.TaskGroup() as group:
        mine = [group.create_task(read(world, {})) for _ in range(7)]
        await until(lambda: reading == READERS_PER_USER)
        for _ in range(20):
            await asyncio.sleep(0)
        assert reading == READERS_PER_USER
        group.create_task(read(world, {}, user="admin"))
        await until(lambda: reading == READERS_PER_USER + 1)
        go_on.set()
    assert [task.result().json() for task in mine] == [{"output": "log"}] * 7
