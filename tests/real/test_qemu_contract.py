"""The qemu driver held to what every driver does, with the demo's guest on the other side."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contract.driver_stage import CONTEXT, PROJECT, Broken, Stage
from tests.contract.driver_suite import DriverSuite

from keyhole.demo.qemu_guest import DemoGuest
from keyhole.drivers.qemu.driver import QemuDriver
from keyhole.model import Protocol


def qemu_driver(socket: Path) -> QemuDriver:
    return QemuDriver(QemuDriver.Settings(sockets=str(socket), project=PROJECT), CONTEXT)


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
