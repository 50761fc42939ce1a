"""The qemu driver held to what every driver does, with the demo's guest on the other side."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contract.driver_news import DeleteSuite, Scene, StopSuite
from tests.contract.driver_stage import CONTEXT, PROJECT, Broken, Stage
from tests.contract.driver_suite import DriverSuite

from keyhole.demo.qemu_guest import DemoGuest
from keyhole.drivers.qemu.driver import QemuDriver
from keyhole.model import Protocol


def qemu_driver(socket: Path, **settings: float) -> QemuDriver:
    given = {"sockets": str(socket), "project": PROJECT, **settings}
    return QemuDriver(QemuDriver.Settings.model_validate(given), CONTEXT)


class TestQemu(DriverSuite):
    @pytest.fixture
    async def stage(self, guest: DemoGuest) -> AsyncIterator[Stage]:
        async with qemu_driver(guest.qmp_path) as driver:
            offered = frozenset({Protocol.VNC, Protocol.SERIAL})
            yield Stage(driver, guest.server_id, offered, guest.serial_log.read_bytes)

    @pytest.fixture
    async def broken(self, own_guest: DemoGuest) -> AsyncIterator[Broken]:
        os.kill(own_guest.pid, signal.SIGKILL)
        await own_guest.wait()
        async with qemu_driver(own_guest.qmp_path) as driver:
            yield Broken(driver, str(own_guest.qmp_path))


class TestQemuNews(StopSuite, DeleteSuite):
    @pytest.fixture
    async def scene(self, own_guest: DemoGuest) -> AsyncIterator[Scene]:
        async def stop() -> None:
            os.kill(own_guest.pid, signal.SIGKILL)
            await own_guest.wait()

        async def delete() -> None:
            await stop()
            own_guest.qmp_path.unlink()

        pattern = own_guest.qmp_path.with_name(f"{own_guest.qmp_path.name[:-1]}?")
        async with qemu_driver(pattern, poll_seconds=1) as driver:
            yield Scene(driver, own_guest.server_id, {"stop": stop, "delete": delete})
