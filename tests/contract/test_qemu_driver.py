"""The qemu driver held to the suites with a scripted QMP socket in QEMU's place; tests/real has it meet QEMU."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from tests.contract.driver_hosts import AnsweringHosts, AnsweringHostsSuite
from tests.contract.driver_names import Named, UndecodableNamesSuite
from tests.contract.driver_news import DeleteSuite, LostNewsSuite, MoveSuite, RebootSuite, Scene, StopSuite
from tests.contract.driver_stage import CONTEXT, PASSWORD, PROJECT, Broken, Stage
from tests.contract.driver_suite import DoublesSuite
from tests.contract.machines import Machine
from tests.fakes.qmp_server import GUEST_ID, QmpServer, answers

from keyhole.drivers.qemu import driver as qemu_driver
from keyhole.drivers.qemu import guest as qemu_guest
from keyhole.drivers.qemu import sockets as qemu_sockets
from keyhole.drivers.qemu.driver import QemuDriver
from keyhole.model import Protocol, UnixAddress

SERVER_ID = GUEST_ID
OTHER_ID = "99999999-2222-3333-4444-555555555555"


class Guest(Machine):
    """A QEMU's double: a machine with a QMP socket."""

    async def start(self) -> None:
        await super().start()
        table = answers(self.id, self.name, vnc=self.vnc.path, serial=self.serial.path, auth="vnc")
        self.qmp = QmpServer(self.folder / "qmp", table)
        await self.qmp.start()

    async def end(self) -> None:
        self.qmp.end()
        await super().end()

    def hang(self) -> None:
        """From now on it stops in the middle of its answer."""
        self.qmp.table["query-status"] = b'{"return": {"status": "run'

    def asked(self) -> int:
        return self.qmp.asked.count("query-status")


def make_driver(folder: Path) -> QemuDriver:
    (folder / "password").write_text(PASSWORD)
    given = {
        "sockets": f"{folder}/*/qmp",
        "project": PROJECT,
        "password_file": folder / "password",
        "poll_seconds": 1,
    }
    return QemuDriver(QemuDriver.Settings.model_validate(given), CONTEXT)


def _log_of(guest: qemu_guest.Guest) -> Path:
    assert isinstance(guest.serial, UnixAddress)
    return Path(guest.serial.path).with_name("log")


@pytest.fixture(autouse=True)
def _prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question reaches QEMU, which has little time to answer; its log is found without its command line."""
    monkeypatch.setattr(qemu_driver, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(qemu_sockets, "ASK_SECONDS", 1.0)
    monkeypatch.setattr(qemu_sockets, "UNRESPONSIVE_SECONDS", 2.0)
    monkeypatch.setattr(qemu_sockets, "_log_of", _log_of)


class TestQemuDouble(DoublesSuite):
    @pytest.fixture
    async def stage(self, tmp_path: Path) -> AsyncIterator[Stage]:
        async with Guest(tmp_path / "a", SERVER_ID) as guest, make_driver(tmp_path) as driver:
            yield Stage(driver, SERVER_ID, frozenset({Protocol.VNC, Protocol.SERIAL}), guest.log.read_bytes)

    @pytest.fixture
    async def broken(self, tmp_path: Path) -> AsyncIterator[Broken]:
        async with Guest(tmp_path / "a", SERVER_ID) as guest, make_driver(tmp_path) as driver:
            guest.hang()
            yield Broken(driver, str(guest.qmp.path))


class TestQemuHosts(AnsweringHostsSuite):
    @pytest.fixture
    async def hosts(self, tmp_path: Path) -> AsyncIterator[AnsweringHosts]:
        dying, other = Guest(tmp_path / "a", SERVER_ID), Guest(tmp_path / "b", OTHER_ID)
        async with dying, other, make_driver(tmp_path) as driver:
            yield AnsweringHosts(driver, dying.id, other.id, dying.end, dying.hang, dying.asked)


class TestQemuNews(StopSuite, RebootSuite, DeleteSuite, MoveSuite, LostNewsSuite):
    @pytest.fixture
    async def scene(self, tmp_path: Path) -> AsyncIterator[Scene]:
        guest = Guest(tmp_path / "here", SERVER_ID)

        async def delete() -> None:
            await guest.end()
            guest.qmp.path.unlink()

        async def move() -> None:
            guest.qmp.table["query-status"] = {"status": "postmigrate"}
            await stack.enter_async_context(Guest(tmp_path / "there", SERVER_ID))

        async def lose() -> None:
            guest.hang()

        async def regain() -> None:
            guest.qmp.table |= {"query-status": {"status": "running"}, "query-name": {"name": "renamed"}}

        events = {
            "stop": guest.end,
            "start": guest.start,
            "delete": delete,
            "move": move,
            "lose": lose,
            "regain": regain,
        }
        async with AsyncExitStack() as stack, guest, make_driver(tmp_path) as driver:
            yield Scene(driver, SERVER_ID, events)


class TestQemuNames(UndecodableNamesSuite):
    @pytest.fixture
    def named(self, tmp_path: Path) -> Named:
        @asynccontextmanager
        async def make(name: str) -> AsyncIterator[QemuDriver]:
            async with Guest(tmp_path / "a", SERVER_ID) as guest, make_driver(tmp_path) as driver:
                guest.qmp.table["query-name"] = {"name": name}
                yield driver

        return make
