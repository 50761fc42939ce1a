"""The drivers that need no other software; tests/real runs the same suite for the others."""

import os
import stat
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.contract.driver_hosts import Hosts, HostsSuite
from tests.contract.driver_many import SERVER_IDS, ManySuite
from tests.contract.driver_names import Named, NamesSuite
from tests.contract.driver_stage import CONTEXT, PASSWORD, PROJECT, Broken, Stage
from tests.contract.driver_suite import DoublesSuite
from tests.contract.machines import Machine
from tests.fakes.drivers import address_of, target_of
from tests.fakes.rfb_viewer import RfbViewer, open_stream

from keyhole.drivers.simulated import SimulatedDriver
from keyhole.drivers.simulated import driver as simulated
from keyhole.drivers.simulated.rfb_server import RfbServer
from keyhole.drivers.simulated.serial_server import SerialLog, SerialServer
from keyhole.drivers.static.driver import StaticDriver
from keyhole.model import Address, Protocol, TcpAddress, UnixAddress

SERVER_ID = "11111111-2222-3333-4444-555555555555"


def static_driver(**consoles: object) -> StaticDriver:
    server = {"id": SERVER_ID, "name": "vm1", "project": PROJECT, **consoles}
    return StaticDriver(StaticDriver.Settings.model_validate({"servers": [server]}), CONTEXT)


def simulated_driver() -> SimulatedDriver:
    server = {"id": SERVER_ID, "name": "vm1", "project": PROJECT, "password": PASSWORD}
    return SimulatedDriver(SimulatedDriver.Settings.model_validate({"servers": [server]}), CONTEXT)


async def socket_path(driver: SimulatedDriver, protocol: Protocol) -> Path:
    address = address_of(await target_of(driver, SERVER_ID, protocol))
    assert isinstance(address, UnixAddress)
    return Path(address.path)


class TestStatic(DoublesSuite):
    @pytest.fixture
    async def stage(self, tmp_path: Path) -> AsyncIterator[Stage]:
        log, password_file = tmp_path / "serial.log", tmp_path / "password"
        password_file.write_text(PASSWORD)
        async with AsyncExitStack() as stack:
            vnc, spice = RfbServer("vm1", password=PASSWORD), RfbServer("vm1")
            serial = SerialServer("vm1", SerialLog(log))
            for server in (vnc, spice, serial):
                stack.push_async_callback(server.close)
            driver = static_driver(
                vnc={"url": str(await vnc.start(TcpAddress("127.0.0.1", 0))), "password_file": password_file},
                spice={"url": str(await spice.start(TcpAddress("127.0.0.1", 0)))},
                serial={"url": str(await serial.start(UnixAddress(str(tmp_path / "serial")))), "log_file": log},
            )
            await stack.enter_async_context(driver)
            offered = frozenset({Protocol.VNC, Protocol.SERIAL, Protocol.SPICE})
            yield Stage(driver, SERVER_ID, offered, log.read_bytes)

    @pytest.fixture
    async def broken(self, tmp_path: Path) -> AsyncIterator[Broken]:
        async with static_driver(serial={"url": f"unix:{tmp_path}/gone"}) as driver:
            yield Broken(driver, SERVER_ID)


class TestStaticHosts(HostsSuite):
    @pytest.fixture
    async def hosts(self, tmp_path: Path) -> AsyncIterator[Hosts]:
        async with Machine(tmp_path / "a", "dying") as dying, Machine(tmp_path / "b", "other") as other:
            servers = [
                {
                    "id": machine.id,
                    "name": machine.name,
                    "project": PROJECT,
                    "vnc": {"url": str(machine.vnc)},
                    "serial": {"url": str(machine.serial), "log_file": machine.log},
                }
                for machine in (dying, other)
            ]
            async with StaticDriver(StaticDriver.Settings.model_validate({"servers": servers}), CONTEXT) as driver:
                yield Hosts(driver, dying.id, other.id, dying.end)


class TestStaticNames(NamesSuite):
    @pytest.fixture
    def named(self, tmp_path: Path) -> Named:
        def make(name: str) -> StaticDriver:
            return static_driver(name=name, vnc={"url": f"unix:{tmp_path}/gone"})

        return make


class TestStaticMany(ManySuite):
    @pytest.fixture
    def many(self) -> StaticDriver:
        servers = [
            {"id": one, "name": one, "project": PROJECT, "vnc": {"url": "tcp://127.0.0.1:5900"}} for one in SERVER_IDS
        ]
        return StaticDriver(StaticDriver.Settings.model_validate({"servers": servers}), CONTEXT)


class TestSimulated(DoublesSuite):
    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        async with simulated_driver() as driver:
            offered = frozenset({Protocol.VNC, Protocol.SERIAL})
            log = (await socket_path(driver, Protocol.SERIAL)).with_suffix(".log")
            yield Stage(driver, SERVER_ID, offered, log.read_bytes)

    @pytest.fixture
    async def broken(self) -> AsyncIterator[Broken]:
        async with simulated_driver() as driver:
            (await socket_path(driver, Protocol.VNC)).unlink()
            yield Broken(driver, SERVER_ID)

    async def test_closing_ends_its_listeners_its_connections_and_its_files(self) -> None:
        async with simulated_driver() as driver:
            address = address_of(await target_of(driver, SERVER_ID, Protocol.VNC))
            reader, writer = await open_stream(address)
            assert await reader.readexactly(12)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        with pytest.raises(FileNotFoundError):
            await open_stream(address)

    async def test_nobody_else_may_enter_where_its_sockets_are(self) -> None:
        async with simulated_driver() as driver:
            directory = (await socket_path(driver, Protocol.VNC)).parent
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert not directory.exists()

    async def test_without_settings_there_is_one_guest(self) -> None:
        async with SimulatedDriver(SimulatedDriver.Settings(), CONTEXT) as driver:
            (server,) = await driver.list_now()
            assert (server.name, server.project_id) == ("simulated", CONTEXT.project_id_of("demo"))
            assert str(uuid.UUID(server.id)) == server.id

    async def test_a_guest_may_want_a_password_which_the_target_has(self) -> None:
        settings = SimulatedDriver.Settings.model_validate({"servers": [{"id": SERVER_ID, "password": "sesame"}]})
        async with SimulatedDriver(settings, CONTEXT) as driver:
            target = await target_of(driver, SERVER_ID, Protocol.VNC)
            assert target.password is not None
            async with RfbViewer.open(address_of(target), target.password.get_secret_value()) as viewer:
                await viewer.wait_for_text("simulated guest")

    async def test_a_guest_may_misbehave(self) -> None:
        settings = SimulatedDriver.Settings.model_validate({"servers": [{"id": SERVER_ID, "misbehave": "garbage"}]})
        async with SimulatedDriver(settings, CONTEXT) as driver:
            reader, writer = await open_stream(address_of(await target_of(driver, SERVER_ID, Protocol.VNC)))
            assert (await reader.readexactly(4)) == b"HTTP"
            writer.close()

    def test_two_guests_with_one_id_are_refused(self) -> None:
        with pytest.raises(ValidationError, match="is listed twice"):
            SimulatedDriver.Settings.model_validate({"servers": [{"id": "a"}, {"id": "a"}]})

    async def test_a_start_that_fails_leaves_nothing(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

        async def fail(self: SerialServer, address: object) -> None:
            raise OSError("no more sockets")

        monkeypatch.setattr(SerialServer, "start", fail)
        with pytest.raises(OSError, match="no more sockets"):
            async with simulated_driver():
                pass
        assert os.listdir(tmp_path) == []


class TestSimulatedHosts(HostsSuite):
    @pytest.fixture
    async def hosts(self) -> AsyncIterator[Hosts]:
        settings = SimulatedDriver.Settings.model_validate({"servers": [{"id": "dying"}, {"id": "other"}]})
        async with SimulatedDriver(settings, CONTEXT) as driver:

            async def end() -> None:
                screen = address_of(await target_of(driver, "dying", Protocol.VNC))
                assert isinstance(screen, UnixAddress)
                for suffix in (".vnc", ".serial", ".log"):
                    Path(screen.path).with_suffix(suffix).unlink()

            yield Hosts(driver, "dying", "other", end)


class TestSimulatedNames(NamesSuite):
    @pytest.fixture
    def named(self) -> Named:
        @asynccontextmanager
        async def make(name: str) -> AsyncIterator[SimulatedDriver]:
            settings = SimulatedDriver.Settings.model_validate({"servers": [{"id": SERVER_ID, "name": name}]})
            async with SimulatedDriver(settings, CONTEXT) as driver:
                (await socket_path(driver, Protocol.VNC)).unlink()
                yield driver

        return make


class NoConsole:
    """In the place of a simulated guest's console or log."""

    path = Path(os.devnull)

    def __init__(self, *_: object, **settings: object) -> None:
        pass

    async def start(self, address: Address) -> Address:
        return address

    async def close(self) -> None:
        pass


class TestSimulatedMany(ManySuite):
    @pytest.fixture
    async def many(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SimulatedDriver]:
        """Without their consoles, for which no process may have enough listeners."""
        for name in ("RfbServer", "SerialServer", "SerialLog"):
            monkeypatch.setattr(simulated, name, NoConsole)
        servers = [{"id": server_id} for server_id in SERVER_IDS]
        async with SimulatedDriver(SimulatedDriver.Settings.model_validate({"servers": servers}), CONTEXT) as driver:
            yield driver
