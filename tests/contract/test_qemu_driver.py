"""The qemu driver held to the suites with a scripted QMP socket in QEMU's place; tests/real has it meet QEMU."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.contract.driver_stage import CONTEXT, PASSWORD, PROJECT, Broken, Stage
from tests.contract.driver_suite import DoublesSuite
from tests.fakes.qmp_server import GUEST_ID, QmpServer, answers, qmp_server

from keyhole.drivers.qemu import driver as qemu_driver
from keyhole.drivers.qemu import sockets as qemu_sockets
from keyhole.drivers.qemu.driver import QemuDriver
from keyhole.drivers.simulated.rfb_server import RfbServer
from keyhole.drivers.simulated.serial_server import SerialLog, SerialServer
from keyhole.model import Protocol, UnixAddress

SERVER_ID = GUEST_ID


@dataclass(frozen=True)
class Guest:
    """A QEMU's double: its QMP socket and its log."""

    qmp: QmpServer
    log: Path


@asynccontextmanager
async def running(folder: Path, server_id: str = SERVER_ID, name: str = "web") -> AsyncIterator[Guest]:
    """A guest with a VNC console, which wants a password, and a serial console."""
    stem = folder / server_id
    async with AsyncExitStack() as stack:
        log = stem.with_suffix(".log")
        vnc, serial = RfbServer(name, password=PASSWORD), SerialServer(name, SerialLog(log))
        vnc_path, serial_path = (str(stem.with_suffix(suffix)) for suffix in (".vnc", ".serial"))
        for console, path in ((vnc, vnc_path), (serial, serial_path)):
            stack.push_async_callback(console.close)
            await console.start(UnixAddress(path))
        table = answers(server_id, name, vnc=vnc_path, serial=serial_path, auth="vnc")
        yield Guest(await stack.enter_async_context(qmp_server(stem.with_suffix(".qmp"), table)), log)


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
        async with running(tmp_path) as guest, make_driver(tmp_path) as driver:
            yield Stage(driver, SERVER_ID, frozenset({Protocol.VNC, Protocol.SERIAL}), guest.log.read_bytes)

    @pytest.fixture
    async def broken(self, tmp_path: Path) -> AsyncIterator[Broken]:
        async with running(tmp_path) as guest, make_driver(tmp_path) as driver:
            guest.qmp.table["query-status"] = b'{"return": {"status": "run'
            yield Broken(driver, str(guest.qmp.path))
