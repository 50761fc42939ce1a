"""The qemu driver held to the suites with a scripted QMP socket in QEMU's place; tests/real has it meet QEMU."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import pytest
from tests.contract.driver_hosts import AnsweringHosts, AnsweringHostsSuite
from tests.contract.driver_stage import CONTEXT, PASSWORD, PROJECT, Broken, Stage
from tests.contract.driver_suite import DoublesSuite
from tests.contract.machines import Machine
from tests.fakes.qmp_server import GUEST_ID, QmpServer, answers

from keyhole.drivers.qemu import driver as qemu_driver
from keyhole.drivers.qemu import sockets as qemu_sockets
from keyhole.drivers.qemu.driver import QemuDriver
from keyhole.model import Protocol

SERVER_ID = GUEST_ID
OTHER_ID = "99999999-2222-3333-4444-555555555555"


class Guest(Machine):
    """A QEMU's double: a machine with a QMP socket."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        table = answers(self.id, self.name, vnc=self.vnc.path, serial=self.serial.path, auth="vnc")
        self.qmp = QmpServer(self.log.with_suffix(".qmp"), table)
        await self.qmp.start()
        return self

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
    given = {"sockets": f"{folder}/*.qmp", "project": PROJECT, "password_file": folder / "password", "poll_seconds": 1}
    return QemuDriver(QemuDriver.Settings.model_validate(given), CONTEXT)


@pytest.fixture(autouse=True)
def _prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question reaches QEMU, which has little time to answer; its log is found without its command line."""
    monkeypatch.setattr(qemu_driver, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(qemu_sockets, "ASK_SECONDS", 0.3)
    monkeypatch.setattr(qemu_sockets, "UNRESPONSIVE_SECONDS", 0.0)
    monkeypatch.setattr(qemu_sockets, "_log_of", lambda guest: tmp_path / f"{guest.id}.log")


class TestQemuDouble(DoublesSuite):
    @pytest.fixture
    async def stage(self, tmp_path: Path) -> AsyncIterator[Stage]:
        async with Guest(tmp_path, SERVER_ID) as guest, make_driver(tmp_path) as driver:
            yield Stage(driver, SERVER_ID, frozenset({Protocol.VNC, Protocol.SERIAL}), guest.log.read_bytes)

    @pytest.fixture
    async def broken(self, tmp_path: Path) -> AsyncIterator[Broken]:
        async with Guest(tmp_path, SERVER_ID) as guest, make_driver(tmp_path) as driver:
            guest.hang()
            yield Broken(driver, str(guest.qmp.path))


class TestQemuHosts(AnsweringHostsSuite):
    @pytest.fixture
    async def hosts(self, tmp_path: Path) -> AsyncIterator[AnsweringHosts]:
        async with (
            Guest(tmp_path, SERVER_ID) as dying,
            Guest(tmp_path, OTHER_ID) as other,
            make_driver(tmp_path) as driver,
        ):
            yield AnsweringHosts(driver, dying.id, other.id, dying.end, dying.hang, lambda: dying.asked())
