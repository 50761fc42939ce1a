"""The qemu driver against QEMU itself: the demo's guest, and processes in every shape that the driver may meet."""

import asyncio
import os
import signal
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.drivers import address_of, sentences, target_of
from tests.fakes.waiting import until
from tests.real.guests import answers, fresh_id, qmp, serial_line

import keyhole.drivers.qemu.driver as qemu_driver
from keyhole.demo.qemu_guest import QEMU, DemoGuest
from keyhole.drivers.qemu import sockets as qemu_sockets
from keyhole.drivers.qemu.driver import QemuDriver
from keyhole.errors import ConsoleUnavailable, LogUnavailable, ServerNotReady, Unavailable
from keyhole.model import Protocol, ServerStatus, Target, TcpAddress, UnixAddress
from keyhole.ports.drivers import DriverContext

StartQemu = Callable[..., Awaitable[Path]]


@pytest.fixture(autouse=True)
def always_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request queries QEMU: none is answered from a recent listing."""
    monkeypatch.setattr(qemu_driver, "FRESH_SECONDS", 0.0)


def make_driver(sockets: str | Path, **settings: Any) -> QemuDriver:
    context = DriverContext("qemu", lambda name: f"id-{name}")
    return QemuDriver(QemuDriver.Settings(sockets=str(sockets), **settings), context)


@pytest.fixture
async def start_qemu(tmp_path: Path) -> AsyncIterator[StartQemu]:
    """Starts a QEMU that runs no guest system, with these arguments; returns its QMP socket's path once it answers."""
    async with AsyncExitStack() as stack:

        async def start(name: str, *arguments: str, identity: bool = True) -> Path:
            path = tmp_path / f"{name}.qmp"
            own = ["-name", name, "-qmp", f"unix:{path},server=on,wait=off"]
            own += ["-uuid", fresh_id()] if identity else []
            own += [] if "-vnc" in arguments else ["-display", "none"]
            await stack.enter_async_context(_process("-accel", "tcg", "-nodefaults", "-S", *own, *arguments))
            await until(partial(answers, path))
            return path

        yield start


@asynccontextmanager
async def _process(*arguments: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        QEMU, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def only_target(driver: QemuDriver, protocol: Protocol) -> Target:
    (server,) = await driver.list_now()
    assert protocol in server.protocols
    return await target_of(driver, server.id, protocol)


class TestTheDemosGuest:
    @pytest.fixture
    async def driver(self, guest: DemoGuest) -> AsyncIterator[QemuDriver]:
        async with make_driver(guest.qmp_path) as driver:
            yield driver

    async def test_it_is_listed_as_it_is(self, driver: QemuDriver, guest: DemoGuest) -> None:
        (server,) = await driver.list_now()
        assert (server.id, server.name, server.project_id) == (guest.server_id, "shared", "id-demo")
        assert server.status is ServerStatus.ACTIVE
        assert server.protocols == {Protocol.VNC, Protocol.SERIAL}
        assert (server.memory_mb, server.vcpus, server.host) == (128, 1, socket.gethostname())
        assert server.created_at == pytest.approx(guest.qmp_path.stat().st_mtime)
        assert await sentences(driver) == []

    async def test_a_stopped_guest_is_paused(self, driver: QemuDriver, guest: DemoGuest) -> None:
        async def status() -> ServerStatus:
            server = await driver.find_server(guest.server_id)
            assert server is not None
            return server.status

        async with qmp(guest.qmp_path) as session:
            await session.execute("stop")
        try:
            assert await status() is ServerStatus.PAUSED
        finally:
            async with qmp(guest.qmp_path) as session:
                await session.execute("cont")
        assert await status() is ServerStatus.ACTIVE

    async def test_the_vnc_target_speaks_vnc(self, driver: QemuDriver, guest: DemoGuest) -> None:
        target = await target_of(driver, guest.server_id, Protocol.VNC)
        address = address_of(target)
        assert isinstance(address, UnixAddress)
        reader, writer = await asyncio.open_unix_connection(address.path)
        async with asyncio.timeout(10):
            assert await reader.readexactly(12) == b"RFB 003.008\n"
        writer.close()
        await writer.wait_closed()

    async def test_the_serial_target_is_the_guests_terminal(self, driver: QemuDriver, guest: DemoGuest) -> None:
        before = await target_of(driver, guest.server_id, Protocol.SERIAL)
        address = address_of(before)
        assert isinstance(address, UnixAddress)
        async with serial_line(address.path) as line:
            await line.log_in()
            await line.run("echo x$((6*7))", rb"x42\r\n")
            # QEMU words the address of a socket that is in use in another way.
            assert await target_of(driver, guest.server_id, Protocol.SERIAL) == before
            await line.run("exit", rb"login: ")

    async def test_the_log_is_what_the_guest_wrote(self, driver: QemuDriver, guest: DemoGuest) -> None:
        everything = await driver.console_log(guest.server_id, None)
        assert everything == guest.serial_log.read_bytes()
        assert b"Linux version" in everything
        last = await driver.console_log(guest.server_id, 3)
        assert last.count(b"\n") == 2
        assert everything.endswith(last)

    async def test_a_guest_that_hangs_is_named_and_its_log_is_read(
        self, own_guest: DemoGuest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(qemu_sockets, "ASK_SECONDS", 0.5)
        driver = make_driver(own_guest.qmp_path)
        assert len(await driver.list_now()) == 1
        os.kill(own_guest.pid, signal.SIGSTOP)
        try:
            (server,) = await driver.list_now()
            assert (server.id, server.status) == (own_guest.server_id, ServerStatus.UNKNOWN)
            assert "no answer in time" in (await sentences(driver))[0]
            with pytest.raises(Unavailable):
                await target_of(driver, own_guest.server_id, Protocol.VNC)
            assert b"login:" in await driver.console_log(own_guest.server_id, None)
        finally:
            os.kill(own_guest.pid, signal.SIGCONT)
        assert (await target_of(driver, own_guest.server_id, Protocol.VNC)).protocol is Protocol.VNC

    async def test_a_killed_qemu_leaves_a_dead_socket(self, own_guest: DemoGuest) -> None:
        driver = make_driver(own_guest.qmp_path)
        assert len(await driver.list_now()) == 1
        os.kill(own_guest.pid, signal.SIGKILL)
        await own_guest.wait()
        (server,) = await driver.list_now()
        assert (server.id, server.status) == (own_guest.server_id, ServerStatus.SHUTOFF)
        assert b"login:" in await driver.console_log(own_guest.server_id, None)
        assert "QEMU has ended" in (await sentences(driver))[0]
        with pytest.raises(ServerNotReady):
            await target_of(driver, own_guest.server_id, Protocol.VNC)
        assert await make_driver(own_guest.qmp_path).list_now() == [], "one that was never seen"

    async def test_another_client_on_the_socket(self, guest: DemoGuest, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(qemu_sockets, "ASK_SECONDS", 0.5)
        monkeypatch.setattr(qemu_sockets, "UNRESPONSIVE_SECONDS", 0.0)
        driver = make_driver(guest.qmp_path)
        async with qmp(guest.qmp_path):
            for _ in range(4):  # more than the socket's queue holds
                assert "another client holds the socket" in (await sentences(driver))[0]
        assert [server.name for server in await driver.list_now()] == ["shared"]
        assert await sentences(driver) == []

    async def test_many_drivers_share_a_socket(self, guest: DemoGuest) -> None:
        """As workers do: each has its own driver, and QEMU serves one of them at a time."""
        drivers = [make_driver(guest.qmp_path) for _ in range(8)]
        listings = await asyncio.gather(*(driver.list_now() for driver in drivers))
        assert [[server.status for server in listing] for listing in listings] == [[ServerStatus.ACTIVE]] * 8


class TestShapesOfQemu:
    async def test_serial_on_a_port(self, start_qemu: StartQemu) -> None:
        path = await start_qemu("tcp", "-serial", "tcp:127.0.0.1:0,server=on,wait=off")
        driver = make_driver(path)
        target = await only_target(driver, Protocol.SERIAL)
        address = address_of(target)
        assert isinstance(address, TcpAddress)
        assert address.host == "127.0.0.1"
        _, writer = await asyncio.open_connection(address.host, address.port)
        assert await only_target(driver, Protocol.SERIAL) == target
        writer.close()
        await writer.wait_closed()

    @pytest.mark.parametrize(
        "serial",
        [
            ("-serial", "telnet:127.0.0.1:0,server=on,wait=off"),
            ("-chardev", "socket,id=s,host=127.0.0.1,port=0,server=on,wait=off,websocket=on", "-serial", "chardev:s"),
            ("-serial", "pty"),
            ("-serial", "null"),
            ("-serial", "none"),
            (),
        ],
    )
    async def test_serial_that_cannot_be_dialled_is_not_offered(
        self, start_qemu: StartQemu, serial: tuple[str, ...]
    ) -> None:
        driver = make_driver(await start_qemu("odd", *serial))
        (server,) = await driver.list_now()
        assert server.protocols == frozenset()
        for protocol in (Protocol.SERIAL, Protocol.VNC):
            with pytest.raises(ConsoleUnavailable):
                await target_of(driver, server.id, protocol)
        with pytest.raises(LogUnavailable):
            await driver.console_log(server.id, 1)
        assert await sentences(driver) == []

    async def test_the_first_serial_port_is_the_console(self, start_qemu: StartQemu, tmp_path: Path) -> None:
        sockets = [f"unix:{tmp_path}/{name},server=on,wait=off" for name in ("first", "second")]
        path = await start_qemu("two", "-serial", sockets[0], "-serial", sockets[1])
        target = await only_target(make_driver(path), Protocol.SERIAL)
        assert address_of(target) == UnixAddress(f"{tmp_path}/first")

    async def test_a_virtio_console_is_a_serial_console_too(self, start_qemu: StartQemu, tmp_path: Path) -> None:
        chardev = f"socket,id=con,path={tmp_path}/con,server=on,wait=off"
        devices = ("-device", "virtio-serial-pci", "-device", "virtconsole,chardev=con,id=console0")
        path = await start_qemu("virtio", "-chardev", chardev, *devices)
        target = await only_target(make_driver(path), Protocol.SERIAL)
        assert address_of(target) == UnixAddress(f"{tmp_path}/con")

    async def test_a_log_without_a_console(self, start_qemu: StartQemu, tmp_path: Path) -> None:
        path = await start_qemu("file", "-chardev", f"file,id=s,path={tmp_path}/log", "-serial", "chardev:s")
        (tmp_path / "log").write_bytes(b"one\ntwo")
        driver = make_driver(path)
        (server,) = await driver.list_now()
        assert server.protocols == frozenset()
        assert server.keeps_log
        assert await driver.console_log(server.id, 1) == b"two"

    async def test_vnc_on_a_port(self, start_qemu: StartQemu) -> None:
        path = await start_qemu("vnc", "-vga", "std", "-vnc", "127.0.0.1:0,to=99")
        target = await only_target(make_driver(path), Protocol.VNC)
        address = address_of(target)
        assert isinstance(address, TcpAddress)
        assert address.host == "127.0.0.1"
        assert 5900 <= address.port < 6000

    async def test_a_socket_comes_before_a_port(self, start_qemu: StartQemu, tmp_path: Path) -> None:
        servers = ("-vnc", "127.0.0.1:0,to=99,id=b", "-vnc", f"unix:{tmp_path}/vnc,id=a")
        target = await only_target(make_driver(await start_qemu("both", "-vga", "std", *servers)), Protocol.VNC)
        assert address_of(target) == UnixAddress(f"{tmp_path}/vnc")

    async def test_vnc_with_a_password(self, start_qemu: StartQemu, tmp_path: Path) -> None:
        (tmp_path / "password").write_text("sesame\n")
        secret = ("-object", f"secret,id=p,file={tmp_path}/password")
        path = await start_qemu("locked", *secret, "-vga", "std", "-vnc", f"unix:{tmp_path}/vnc,password-secret=p")
        target = await only_target(make_driver(path, password_file=tmp_path / "password"), Protocol.VNC)
        assert target.password is not None
        assert target.password.get_secret_value() == "sesame"
        assert "sesame" not in repr(target)

    async def test_a_guest_that_was_never_run_is_being_built(self, start_qemu: StartQemu) -> None:
        (server,) = await make_driver(await start_qemu("new")).list_now()
        assert server.status is ServerStatus.BUILD

    async def test_a_guest_without_an_identity_is_named(self, start_qemu: StartQemu) -> None:
        driver = make_driver(await start_qemu("nobody", identity=False))
        assert await driver.list_now() == []
        assert "-uuid" in (await sentences(driver))[0]

    async def test_one_identity_in_two_processes_is_named(self, start_qemu: StartQemu, tmp_path: Path) -> None:
        twin = str(uuid.uuid4())
        first = await start_qemu("a", "-uuid", twin, identity=False)
        second = await start_qemu("b", "-uuid", twin, identity=False)
        driver = make_driver(tmp_path / "*.qmp")
        (server,) = await driver.list_now()
        assert (server.name, server.status, server.protocols) == ("a", ServerStatus.UNKNOWN, frozenset())
        with pytest.raises(ServerNotReady):
            await target_of(driver, twin, Protocol.VNC)
        (problem,) = await sentences(driver)
        assert problem.startswith(f"{second}: ")
        assert str(first) in problem

    async def test_a_process_with_another_title_is_still_known_as_qemu(
        self, start_qemu: StartQemu, tmp_path: Path
    ) -> None:
        log = f"logfile={tmp_path}/log,logappend=on"
        chardev = f"socket,id=s,path={tmp_path}/s,server=on,wait=off,{log}"
        path = await start_qemu("titled", "-name", "titled,process=web", "-chardev", chardev, "-serial", "chardev:s")
        (tmp_path / "log").write_bytes(b"text")
        driver = make_driver(path)
        (server,) = await driver.list_now()
        assert await driver.console_log(server.id, 1) == b"text"
