"""Sockets that are invalid, unresponsive or dead: each is reported, and none hides the others."""

import asyncio
import contextlib
import itertools
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.drivers import sentences, target_of
from tests.fakes.qmp_server import GREETING, GUEST_ID, SERIAL_PORT, QmpServer, answers, qmp_server
from tests.unit.drivers.qemu.conftest import CONTEXT, OTHER_ID, make_driver

from keyhole.drivers.qemu import qmp_session
from keyhole.drivers.qemu import sockets as qemu_sockets
from keyhole.drivers.qemu.driver import QemuDriver
from keyhole.errors import LogUnavailable, ServerNotFound, ServerNotReady, Unavailable
from keyhole.model import (
    Protocol,
    ServerStatus,
)
from keyhole.net.unix_sockets import Peer


class TestTroubles:
    """One bad socket is reported and does not hide the others."""

    @pytest.fixture(autouse=True)
    async def neighbour(self, tmp_path: Path, driver: QemuDriver) -> AsyncIterator[None]:
        async with qmp_server(tmp_path / "a-neighbour.qmp", answers(OTHER_ID, "neighbour")):
            yield
            assert [server.name for server in await driver.list_now()] == ["neighbour"]

    async def problem(self, driver: QemuDriver, path: Path) -> str:
        """The one problem, about that socket."""
        (sentence,) = await sentences(driver)
        assert sentence.startswith(f"{path}: ")
        assert sentence.endswith(".")
        return sentence

    @pytest.mark.parametrize(
        ("command", "answer", "says"),
        [
            ("query-uuid", {"UUID": "00000000-0000-0000-0000-000000000000"}, "-uuid"),
            ("query-uuid", {"UUID": "no"}, "UUID"),
            ("query-uuid", {"UUID": 1}, "UUID"),
            ("query-uuid", [], "UUID"),
            ("query-status", {"status": 1}, "status"),
            ("query-name", b"\xff\r\n", "not JSON"),
            ("query-name", b"x" * (1 << 20), "more than"),
            ("query-vnc-servers", b"[" * 100_000 + b"\n", "not JSON"),
        ],
    )
    async def test_an_answer_out_of_form(
        self, driver: QemuDriver, tmp_path: Path, command: str, answer: object, says: str
    ) -> None:
        async with qmp_server(tmp_path / "odd.qmp", {**answers(), command: answer}) as odd:
            assert says in await self.problem(driver, odd.path)

    @pytest.mark.parametrize("answer", [None, 1, {}, [None], [{"server": 1}], [{"server": [1, {}]}], [{"name": 1}], ""])
    @pytest.mark.parametrize(
        "command",
        [
            "query-vnc-servers",
            "query-chardev",
            "query-memory-size-summary",
            "qom-list /machine/unattached",
            SERIAL_PORT,
        ],
    )
    async def test_an_answer_that_tells_nothing_only_hides_the_console(
        self, driver: QemuDriver, tmp_path: Path, command: str, answer: object
    ) -> None:
        command = f"qom-get {command}" if command == SERIAL_PORT else command
        async with qmp_server(tmp_path / "odd.qmp", {**answers(), command: answer}):
            assert (await driver.find_server(GUEST_ID)) is not None
            assert await sentences(driver) == []

    async def test_something_else_than_qmp(self, driver: QemuDriver, tmp_path: Path) -> None:
        async with qmp_server(tmp_path / "odd.qmp", greeting=b"RFB 003.008\n") as odd:
            assert "not JSON" in await self.problem(driver, odd.path)

    async def test_a_connection_that_is_closed_at_once(self, driver: QemuDriver, tmp_path: Path) -> None:
        async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        path = tmp_path / "odd.qmp"
        async with await asyncio.start_unix_server(close, path):
            assert "greeting" in await self.problem(driver, path)
        path.unlink(missing_ok=True)

    async def test_a_socket_without_a_listener(self, driver: QemuDriver, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(tmp_path / "dead.qmp"))
        assert "QEMU has ended" in await self.problem(driver, tmp_path / "dead.qmp")

    async def test_a_path_that_is_no_socket(self, driver: QemuDriver, tmp_path: Path) -> None:
        (tmp_path / "file.qmp").write_text("")
        assert "not a socket" in await self.problem(driver, tmp_path / "file.qmp")

    async def test_a_link_to_a_socket_is_not_followed(self, driver: QemuDriver, tmp_path: Path) -> None:
        async with qmp_server(tmp_path / "real") as real:
            (tmp_path / "link.qmp").symlink_to(real.path)
            assert "not a socket" in await self.problem(driver, tmp_path / "link.qmp")
            assert real.connections == 0

    async def test_two_guests_with_one_identity(self, driver: QemuDriver, tmp_path: Path) -> None:
        # Both are scripted here, by one process: two sockets of one QEMU are no problem.
        async with qmp_server(tmp_path / "b.qmp", answers(name="b")), qmp_server(tmp_path / "c.qmp", answers(name="c")):
            assert await sentences(driver) == []
            found = await driver.find_server(GUEST_ID)
            assert found is not None
            assert found.name == "b"

    async def test_the_settled_one_of_two_with_one_identity_counts(self, driver: QemuDriver, tmp_path: Path) -> None:
        source = {**answers(name="source"), "query-status": {"status": "postmigrate"}}
        async with qmp_server(tmp_path / "b.qmp", source), qmp_server(tmp_path / "c.qmp", answers(name="destination")):
            found = await driver.find_server(GUEST_ID)
            assert found is not None
            assert found.name == "destination"


class TestSilence:
    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(qemu_sockets, "ASK_SECONDS", 0.3)

    async def test_a_silent_socket_is_named_and_not_asked_again_at_once(
        self, driver: QemuDriver, guest: QmpServer, tmp_path: Path
    ) -> None:
        async with qmp_server(tmp_path / "silent.qmp", greeting=b"") as silent:
            for _ in range(3):
                assert [server.name for server in await driver.list_now()] == ["web"]
                (problem,) = await sentences(driver)
                assert problem.startswith(f"{silent.path}: no answer in time")
            assert silent.connections == 1

    async def test_a_guest_that_falls_silent_is_shown_as_unknown_until_it_answers(
        self, driver: QemuDriver, guest: QmpServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(qemu_sockets, "UNRESPONSIVE_SECONDS", 0.0)
        before = await driver.find_server(GUEST_ID)
        guest.greeting = b""
        found = await driver.find_server(GUEST_ID)
        assert before is not None
        assert found is not None
        assert (found.name, found.status) == ("web", ServerStatus.UNKNOWN)
        assert found.created_at == before.created_at
        with pytest.raises(Unavailable, match=GUEST_ID):
            await target_of(driver, GUEST_ID, Protocol.VNC)
        guest.greeting = GREETING
        assert await driver.find_server(GUEST_ID) == before

    async def test_silent_sockets_are_waited_for_together(
        self, driver: QemuDriver, guest: QmpServer, tmp_path: Path
    ) -> None:
        async with contextlib.AsyncExitStack() as stack:
            for number in range(10):
                await stack.enter_async_context(qmp_server(tmp_path / f"silent{number}.qmp", greeting=b""))
            async with asyncio.timeout(4 * qemu_sockets.ASK_SECONDS):
                assert len(await driver.list_now()) == 1

    async def test_a_full_queue_is_waited_for(self, driver: QemuDriver, tmp_path: Path) -> None:
        """QEMU serves one client; a client that connects while others wait is refused and must try again."""
        path = tmp_path / "full.qmp"
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(socket.socket(socket.AF_UNIX))
            server.bind(str(path))
            server.listen(0)
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(str(path))
            assert "no answer in time" in (await sentences(driver))[0]
        path.unlink()

    async def test_one_guest_is_asked_by_one_of_us_at_a_time(self, driver: QemuDriver, guest: QmpServer) -> None:
        await asyncio.gather(*(target_of(driver, GUEST_ID, Protocol.VNC) for _ in range(8)))
        assert guest.connections >= 8
        assert guest.most_at_once == 1

    async def test_endless_events_end_at_the_deadline(self, driver: QemuDriver, tmp_path: Path) -> None:
        async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(GREETING)
            with contextlib.suppress(ConnectionError):
                while not writer.is_closing():
                    writer.write(b'{"event": "RTC_CHANGE"}\n' * 1000)
                    await writer.drain()

        path = tmp_path / "chatter.qmp"
        async with await asyncio.start_unix_server(chatter, path):
            assert "no answer in time" in (await sentences(driver))[0]
        path.unlink(missing_ok=True)

    async def test_more_sockets_than_are_looked_at(
        self, driver: QemuDriver, guest: QmpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(qemu_sockets, "MAX_SOCKETS", 1)
        (tmp_path / "zz.qmp").write_text("")
        assert await driver.find_server(GUEST_ID) is not None
        (problem,) = await sentences(driver)
        assert "more than 1 sockets" in problem


class TestStopped:
    """A guest that was seen and whose QEMU has ended is off, as long as its socket, or the settings, imply it."""

    async def test_a_guest_whose_socket_answers_no_more_is_off_until_the_socket_is_removed(
        self, driver: QemuDriver, tmp_path: Path, vnc: str
    ) -> None:
        path = tmp_path / "web.qmp"
        async with qmp_server(path, answers(vnc=vnc)):
            before = await driver.find_server(GUEST_ID)
            location = await driver.locate(GUEST_ID, Protocol.VNC)
        assert before is not None
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        for _ in range(2):
            (server,) = await driver.list_now()
            assert server == replace(before, status=ServerStatus.SHUTOFF)
            with pytest.raises(ServerNotReady):
                await driver.locate(GUEST_ID, Protocol.VNC)
            assert await sentences(driver) == [f"{path}: nobody listens here, QEMU has ended."]
        path.unlink()
        async with qmp_server(path, answers(vnc=vnc)):
            assert (await driver.locate(GUEST_ID, Protocol.VNC)).place == location.place
        assert await driver.list_now() == []
        with pytest.raises(ServerNotFound):
            await driver.locate(GUEST_ID, Protocol.VNC)

    async def test_a_socket_that_the_settings_name_implies_its_guest_also_when_it_is_gone(
        self, driver: QemuDriver, tmp_path: Path, vnc: str
    ) -> None:
        driver = QemuDriver(QemuDriver.Settings(sockets=str(tmp_path / "web.qmp")), CONTEXT)
        assert await driver.list_now() == []
        async with qmp_server(tmp_path / "web.qmp", answers(vnc=vnc)):
            assert len(await driver.list_now()) == 1
        (server,) = await driver.list_now()
        assert server.status is ServerStatus.SHUTOFF
        assert await sentences(driver) == []
        with pytest.raises(ServerNotReady):
            await driver.locate(GUEST_ID, Protocol.VNC)

    async def test_the_guest_that_runs_counts_before_one_that_is_off(
        self, driver: QemuDriver, tmp_path: Path, vnc: str
    ) -> None:
        async with qmp_server(tmp_path / "a.qmp", answers(name="old")):
            assert len(await driver.list_now()) == 1
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(tmp_path / "a.qmp"))
        async with qmp_server(tmp_path / "b.qmp", answers(name="new", vnc=vnc)):
            (server,) = await driver.list_now()
            assert (server.name, server.status) == ("new", ServerStatus.ACTIVE)
            assert (await driver.locate(GUEST_ID, Protocol.VNC)).server.name == "new"


async def test_two_processes_with_one_identity_are_shown_and_not_opened(
    driver: QemuDriver, tmp_path: Path, vnc: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = itertools.count(1000)
    monkeypatch.setattr(qmp_session, "peer_of", lambda connection: Peer(next(pids), os.geteuid()))
    monkeypatch.setattr(qemu_sockets, "log_path", lambda peer, label: tmp_path / "log")
    (tmp_path / "log").write_bytes(b"text")
    async with qmp_server(tmp_path / "b.qmp", answers(vnc=vnc)), qmp_server(tmp_path / "c.qmp", answers(vnc=vnc)):
        (server,) = await driver.list_now()
        assert (server.status, server.protocols, server.keeps_log) == (ServerStatus.UNKNOWN, frozenset(), False)
        assert await sentences(driver) == [
            f"{tmp_path}/c.qmp: the UUID {GUEST_ID} is also that of {tmp_path}/b.qmp; neither is opened."
        ]
        with pytest.raises(ServerNotReady):
            await driver.locate(GUEST_ID, Protocol.VNC)
        with pytest.raises(LogUnavailable):
            await driver.console_log(GUEST_ID, None)


async def test_a_scan_goes_on_when_who_asked_for_it_waits_no_longer(
    tmp_path: Path, guest: QmpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qemu_sockets, "ASK_SECONDS", 0.1)
    async with make_driver(tmp_path) as driver, qmp_server(tmp_path / "silent.qmp", greeting=b"") as silent:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await driver.list_now()
        assert [server.name for server in await driver.list_now()] == ["web"]
        assert silent.connections == 1
