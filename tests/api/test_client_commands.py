"""Keyhole's client commands against Keyhole's API: the two share no code and must agree."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from tests.api.test_sessions import open_session
from tests.api.world import SERVER_ID, USERS, World, make_server
from tests.fakes.command_line import CommandLine, Done

ADMIN_ONLY = (
    "Policy doesn't allow os_compute_api:servers:detail:get_all_tenants to be performed. It requires the role admin."
)
OTHER_ID = "22222222-2222-3333-4444-555555555555"

WorldOf = Callable[..., World]


@pytest.fixture
def keyhole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    return CommandLine(monkeypatch, capsys, tmp_path)


@pytest.fixture
def serve(keyhole: CommandLine) -> Iterator[WorldOf]:
    """Serves a world with these servers; the demo's user is signed in."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        servers: list[uvicorn.Server] = []
        threads: list[threading.Thread] = []

        def start(*machines: object) -> World:
            world = World(*machines, public_url=url)  # type: ignore[arg-type]
            world.clock.now = time.time()
            server = uvicorn.Server(uvicorn.Config(world.application, log_config=None, lifespan="off"))
            servers.append(server)
            threads.append(threading.Thread(target=server.run, args=([listener],)))
            threads[-1].start()
            keyhole.sign_in_with({"OS_AUTH_URL": f"{url}/identity/v3"})
            sign_in(keyhole, "demo")
            return world

        yield start
        for server, thread in zip(servers, threads, strict=True):
            server.should_exit = True
            thread.join()


def sign_in(keyhole: CommandLine, name: str) -> None:
    """Signs in as one of the world's users from now on."""
    (user,) = (user for user in USERS if user.name == name)
    keyhole.sign_in_with({"OS_USERNAME": name, "OS_PASSWORD": user.password, "OS_PROJECT_NAME": user.project})


def names(done: Done) -> list[str]:
    assert done.status == 0, done.err
    return [server["name"] for server in json.loads(done.out)]


def refusal(done: Done) -> str:
    assert (done.status, done.out) == (1, "")
    assert done.err.count("\n") == 1
    return done.err.removeprefix("keyhole: ").removesuffix("\n")


class TestServers:
    def test_the_projects_own(self, keyhole: CommandLine, serve: WorldOf) -> None:
        serve(make_server(name="mine"), make_server(OTHER_ID, "theirs", "other"))
        assert names(keyhole("servers", "--format", "json")) == ["mine"]

    def test_those_of_every_project(self, keyhole: CommandLine, serve: WorldOf) -> None:
        serve(make_server(name="mine"), make_server(OTHER_ID, "theirs", "other"))
        assert refusal(keyhole("servers", "--all-projects")) == ADMIN_ONLY
        sign_in(keyhole, "admin")
        assert names(keyhole("servers", "--format", "json")) == []
        assert names(keyhole("servers", "--all-projects", "--format", "json")) == ["mine", "theirs"]

    def test_a_part_of_the_name_is_no_expression(self, keyhole: CommandLine, serve: WorldOf) -> None:
        serve(make_server(name="a.b*(c) d"), make_server(OTHER_ID, "aXb*(c) d"))
        assert names(keyhole("servers", "--name", "a.b*(c) d", "--format", "json")) == ["a.b*(c) d"]

    def test_more_than_a_page(self, keyhole: CommandLine, serve: WorldOf) -> None:
        serve(*(make_server(f"id-{number:04}", f"vm{number}") for number in range(2001)))
        assert names(keyhole("servers", "--format", "json")) == [f"vm{number}" for number in range(2001)]


class TestConsole:
    @pytest.mark.parametrize("reference", ["vm1", SERVER_ID])
    @pytest.mark.parametrize(
        ("console_type", "protocol", "path"),
        [
            ("novnc", "vnc", "http://{}/vnc_lite.html?path=%3Ftoken%3D"),
            ("xvpvnc", "vnc", "http://{}/console?token="),
            ("serial", "serial", "ws://{}/?token="),
            ("spice-html5", "spice", "http://{}/spice_auto.html?token="),
        ],
    )
    def test_every_type(
        self, keyhole: CommandLine, serve: WorldOf, reference: str, console_type: str, protocol: str, path: str
    ) -> None:
        world = serve()
        done = keyhole("console", reference, "--type", console_type, "--format", "json")
        assert done.status == 0, done.err
        made = json.loads(done.out)
        assert (made["server"], made["protocol"], made["type"]) == (SERVER_ID, protocol, console_type)
        assert made["url"].startswith(path.format(world.services.public_url.partition("://")[2]))
        assert len(world.store.grants) == 1

    def test_a_reader_is_refused(self, keyhole: CommandLine, serve: WorldOf) -> None:
        world = serve()
        sign_in(keyhole, "watcher")
        assert "os_compute_api:os-remote-consoles" in refusal(keyhole("console", "vm1"))
        assert world.store.grants == {}

    def test_a_type_that_the_server_has_not(self, keyhole: CommandLine, serve: WorldOf) -> None:
        serve(make_server(protocols=frozenset()))
        line = refusal(keyhole("console", "vm1"))
        assert line == "Unavailable console type novnc. This server offers no console."

    def test_a_busy_server(self, keyhole: CommandLine, serve: WorldOf) -> None:
        serve(make_server(task_state="deleting"))
        assert refusal(keyhole("console", "vm1")).endswith("while it is in task_state deleting")

    def test_several_of_one_name(self, keyhole: CommandLine, serve: WorldOf) -> None:
        serve(make_server(), make_server(OTHER_ID))
        line = refusal(keyhole("console", "vm1"))
        assert line == f"2 servers are named 'vm1'; name one by its id: {SERVER_ID}, {OTHER_ID}"
        assert keyhole("console", OTHER_ID).status == 0

    def test_a_server_of_another_project(self, keyhole: CommandLine, serve: WorldOf) -> None:
        serve(make_server(OTHER_ID, "theirs", "other"))
        assert refusal(keyhole("console", OTHER_ID)) == f"there is no server '{OTHER_ID}' in the project"
        assert refusal(keyhole("console", "theirs")) == "there is no server 'theirs' in the project"
        sign_in(keyhole, "admin")
        assert keyhole("console", OTHER_ID).status == 0


class TestLog:
    def test_all_of_it(self, keyhole: CommandLine, serve: WorldOf) -> None:
        serve()
        assert keyhole("log", "vm1").out == "FAKE CONSOLE OUTPUT\nANOTHER\nLAST LINE\n"

    @pytest.mark.parametrize(
        ("log", "shown"), [(b"one\ntwo\nthree", "two\nthree\n"), (b"one\ntwo\nthree\n", "two\nthree\n")]
    )
    def test_the_last_lines_however_the_log_ends(
        self, keyhole: CommandLine, serve: WorldOf, log: bytes, shown: str
    ) -> None:
        serve().driver.log = log
        assert keyhole("log", "vm1", "--lines", "2").out == shown

    def test_none_is_kept(self, keyhole: CommandLine, serve: WorldOf) -> None:
        serve().driver.log = None
        assert refusal(keyhole("log", "vm1")) == "Guest does not have a console available."


def test_a_wrong_password(keyhole: CommandLine, serve: WorldOf) -> None:
    serve()
    keyhole.sign_in_with({"OS_PASSWORD": "wrong"})
    line = refusal(keyhole("servers"))
    assert line == "the sign-in was refused: The request you have made requires authentication."


class TestSessions:
    def test_the_projects_own_are_listed_and_ended(self, keyhole: CommandLine, serve: WorldOf) -> None:
        world = serve(make_server(), make_server(OTHER_ID, "theirs", "other"))
        mine = asyncio.run(open_session(world))
        theirs = asyncio.run(open_session(world, "b", "stranger", OTHER_ID))
        done = keyhole("sessions")
        heading, line = done.out.splitlines()
        assert heading.split() == ["ID", "Server", "Type", "User", "Viewer", "Opened"]
        assert line.split()[:5] == [mine.id, "vm1", "novnc", "demo", "192.0.2.9:5"]
        assert keyhole("kill", mine.id).status == 0
        assert world.store.orders[mine.id].detail == "by demo"
        assert refusal(keyhole("kill", theirs.id)) == "There is no such session in your project."
        assert refusal(keyhole("kill", "no such")) == "There is no such session in your project."

    def test_those_of_every_project(self, keyhole: CommandLine, serve: WorldOf) -> None:
        world = serve()
        asyncio.run(open_session(world))
        assert refusal(keyhole("sessions", "--all-projects")) == "Listing all projects requires the role admin."
        sign_in(keyhole, "admin")
        assert keyhole("sessions", "--format", "json").out == "[]\n"
        (session,) = json.loads(keyhole("sessions", "--all-projects", "--format", "json").out)
        assert (session["id"], session["server"]["name"]) == ("a" * 32, "vm1")
        assert json.loads(keyhole("kill", session["id"], "--format", "json").out) == {"session": "a" * 32}

    def test_more_than_a_page(self, keyhole: CommandLine, serve: WorldOf, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("keyhole.api.v1.paging.MAX_PAGE", 2)
        world = serve()
        for letter in "abcde":
            asyncio.run(open_session(world, letter))
        listed = json.loads(keyhole("sessions", "--format", "json").out)
        assert [session["id"][0] for session in listed] == list("abcde")

    def test_a_reader_ends_nothing(self, keyhole: CommandLine, serve: WorldOf) -> None:
        world = serve()
        session = asyncio.run(open_session(world))
        sign_in(keyhole, "watcher")
        assert refusal(keyhole("kill", session.id)) == "This requires the role member."
        assert world.store.orders == {}
