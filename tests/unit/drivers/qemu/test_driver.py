"""The qemu driver against QMP servers that are scripted: what it lists, what it refuses, and what it survives."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.fakes.drivers import address_of, sentences, target_of
from tests.fakes.qmp_server import GREETING, GUEST_ID, SERIAL_PORT, QmpServer, answers, qmp_server
from tests.fakes.tcp_table import table_line

import keyhole.drivers.qemu.driver as qemu_driver
from keyhole.drivers.qemu import qmp_session, tcp_listeners
from keyhole.drivers.qemu import sockets as qemu_sockets
from keyhole.drivers.qemu.driver import QemuDriver
from keyhole.errors import ConsoleUnavailable, LogUnavailable, ServerBusy, ServerNotFound, Unavailable
from keyhole.model import (
    Dialled,
    Protocol,
    Server,
    ServerStatus,
    SocketTrust,
    Target,
    TargetTls,
    TcpAddress,
    UnixAddress,
)
from keyhole.net.unix_sockets import Peer
from keyhole.ports.drivers import DriverContext

OTHER_ID = "99999999-2222-3333-4444-555555555555"
CONTEXT = DriverContext("qemu", lambda name: f"id-of-{name}")


@contextlib.contextmanager
def listening(path: Path) -> Iterator[str]:
    """A unix socket that somebody could dial."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        yield str(path)
    path.unlink()


@pytest.fixture
def vnc(tmp_path: Path) -> Iterator[str]:
    with listening(tmp_path / "vnc") as path:
        yield path


@pytest.fixture
def serial(tmp_path: Path) -> Iterator[str]:
    with listening(tmp_path / "serial") as path:
        yield path


@pytest.fixture
async def guest(tmp_path: Path, vnc: str, serial: str) -> AsyncIterator[QmpServer]:
    async with qmp_server(tmp_path / "web.qmp", answers(vnc=vnc, serial=serial)) as server:
        yield server


@pytest.fixture
async def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[QemuDriver]:
    """Asks for every answer anew, so that each test sees what the server says now."""
    monkeypatch.setattr(qemu_driver, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(qemu_sockets, "ASK_SECONDS", 0.3)
    async with make_driver(tmp_path) as driver:
        yield driver


@pytest.fixture
def ports_of_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel tells that our own user listens on some ports, on every address."""
    table = tmp_path / "tcp"
    places = [(host, port) for host in ("0.0.0.0", "::") for port in (5901, 5902, 5999)]
    table.write_text("".join(table_line(host, port, os.geteuid()) for host, port in places))
    monkeypatch.setattr(tcp_listeners, "TABLES", (table,))


def trust_of(target: Target) -> SocketTrust:
    assert isinstance(target.route, Dialled)
    return target.route.socket


def make_driver(folder: Path, **settings: Any) -> QemuDriver:
    return QemuDriver(QemuDriver.Settings(sockets=str(folder / "*.qmp"), **settings), CONTEXT)


class TestSettings:
    def test_an_unknown_key_is_an_error(self) -> None:
        with pytest.raises(ValidationError, match="socket"):
            QemuDriver.Settings.model_validate({"sockets": "/run/*.qmp", "socket": "x"})

    def test_the_sockets_must_be_named(self) -> None:
        with pytest.raises(ValidationError, match="sockets"):
            QemuDriver.Settings.model_validate({})


class TestListing:
    async def test_a_guest_as_qemu_tells_of_it(self, driver: QemuDriver, guest: QmpServer) -> None:
        (server,) = await driver.list_now()
        assert server == Server(
            id=GUEST_ID,
            name="web",
            project_id="id-of-demo",
            status=ServerStatus.ACTIVE,
            host=socket.gethostname(),
            protocols=frozenset({Protocol.VNC, Protocol.SERIAL}),
            created_at=guest.path.stat().st_mtime,
            memory_mb=128,
            vcpus=2,
        )
        assert await driver.find_server(GUEST_ID) == server
        assert await sentences(driver) == []

    async def test_no_socket_no_server_no_trouble(self, driver: QemuDriver) -> None:
        assert await driver.list_now() == []
        assert await driver.find_server(GUEST_ID) is None
        assert await sentences(driver) == []

    async def test_the_project_is_the_settings_one(self, tmp_path: Path, guest: QmpServer) -> None:
        (server,) = await make_driver(tmp_path, project="lab").list_now()
        assert server.project_id == "id-of-lab"

    async def test_guests_stand_in_the_order_of_their_sockets(self, driver: QemuDriver, tmp_path: Path) -> None:
        async with (
            qmp_server(tmp_path / "b.qmp", answers(OTHER_ID, "b")),
            qmp_server(tmp_path / "a.qmp", answers(GUEST_ID, "a")),
        ):
            assert [server.name for server in await driver.list_now()] == ["a", "b"]

    async def test_a_guest_without_a_name_has_its_sockets(self, driver: QemuDriver, guest: QmpServer) -> None:
        guest.table["query-name"] = {}
        assert (await driver.list_now())[0].name == "web"

    async def test_a_name_is_made_printable_and_bounded(self, driver: QemuDriver, guest: QmpServer) -> None:
        guest.table["query-name"] = {"name": "a\x1b[2J\u202e\ud800" + "x" * 1000}
        name = (await driver.list_now())[0].name
        assert name.startswith("a?[2J??")
        assert len(name) == 255
        assert name.isprintable()

    @pytest.mark.parametrize(
        ("told", "status", "task_state"),
        [
            ("running", ServerStatus.ACTIVE, None),
            ("paused", ServerStatus.PAUSED, None),
            ("suspended", ServerStatus.SUSPENDED, None),
            ("shutdown", ServerStatus.SHUTOFF, None),
            ("prelaunch", ServerStatus.BUILD, None),
            ("guest-panicked", ServerStatus.ERROR, None),
            ("postmigrate", ServerStatus.MIGRATING, "migrating"),
            ("a state of tomorrow", ServerStatus.UNKNOWN, None),
        ],
    )
    async def test_the_status(
        self, driver: QemuDriver, guest: QmpServer, told: str, status: ServerStatus, task_state: str | None
    ) -> None:
        guest.table["query-status"] = {"status": told}
        (server,) = await driver.list_now()
        assert (server.status, server.task_state) == (status, task_state)

    async def test_an_old_qemu_may_not_know_every_question(self, driver: QemuDriver, guest: QmpServer) -> None:
        for command in ("query-memory-size-summary", "query-cpus-fast", "query-vnc-servers", f"qom-get {SERIAL_PORT}"):
            del guest.table[command]
        (server,) = await driver.list_now()
        assert (server.memory_mb, server.vcpus, server.protocols) == (0, 0, frozenset())

    async def test_a_listing_is_kept_for_a_moment_and_shared(
        self, tmp_path: Path, guest: QmpServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(qemu_driver, "FRESH_SECONDS", 60.0)
        driver = make_driver(tmp_path)
        await asyncio.gather(*(driver.list_now() for _ in range(20)))
        await driver.find_server(GUEST_ID)
        assert guest.connections == 1

    async def test_a_cancelled_listing_leaves_no_empty_one_behind(self, tmp_path: Path, guest: QmpServer) -> None:
        driver = make_driver(tmp_path)
        first = asyncio.create_task(driver.list_now())
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert len(await driver.list_now()) == 1


class TestTargets:
    async def test_where_the_consoles_are(
        self, driver: QemuDriver, guest: QmpServer, vnc: str, serial: str, tmp_path: Path
    ) -> None:
        trust = SocketTrust(str(tmp_path), frozenset({os.geteuid()}))
        for protocol, path in ((Protocol.VNC, vnc), (Protocol.SERIAL, serial)):
            expected = Target(protocol, Dialled(UnixAddress(path), socket=trust))
            assert await target_of(driver, GUEST_ID, protocol) == expected

    async def test_a_socket_elsewhere_is_reached_without_links(self, tmp_path: Path, guest: QmpServer) -> None:
        (tmp_path / "elsewhere").mkdir()
        with listening(tmp_path / "elsewhere" / "vnc") as path:
            guest.table.update(answers(vnc=path))
            qmp_folder = tmp_path / "qmp"
            qmp_folder.mkdir()
            (tmp_path / "web.qmp").rename(qmp_folder / "web.qmp")
            for settings, directory in (({}, "/"), ({"socket_directory": str(tmp_path)}, str(tmp_path))):
                driver = make_driver(qmp_folder, **settings)
                assert trust_of(await target_of(driver, GUEST_ID, Protocol.VNC)).directory == directory

    async def test_the_users_whose_sockets_are_dialled_may_be_named(self, tmp_path: Path, guest: QmpServer) -> None:
        uids = frozenset({os.geteuid(), 4242})
        target = await target_of(make_driver(tmp_path, socket_uids=uids), GUEST_ID, Protocol.VNC)
        assert trust_of(target).user_ids == uids
        stranger = make_driver(tmp_path, socket_uids=[os.geteuid() + 1])
        assert await sentences(stranger) == [f"{tmp_path}/web.qmp: belongs to a process of another user."]

    @pytest.mark.usefixtures("ports_of_qemu")
    async def test_with_tls_a_server_that_speaks_it_is_taken_and_nothing_weaker(
        self, tmp_path: Path, guest: QmpServer, vnc: str
    ) -> None:
        driver = make_driver(tmp_path, tls={"insecure": True})
        assert (await target_of(driver, GUEST_ID, Protocol.VNC)).tls == TargetTls(insecure=True)
        clear = {"auth": "none", "family": "unix", "service": vnc, "host": ""}
        encrypted = {"auth": "vencrypt", "family": "ipv4", "service": "5999", "host": "0.0.0.0"}
        guest.table["query-vnc-servers"] = [{"server": [clear, encrypted]}]
        target = await target_of(driver, GUEST_ID, Protocol.VNC)
        assert address_of(target) == TcpAddress("127.0.0.1", 5999)
        assert await sentences(driver) == [
            "Every VNC console of the qemu driver is reached by TLS without verification."
        ]

    async def test_what_the_guest_lacks(self, driver: QemuDriver, guest: QmpServer) -> None:
        guest.table["query-vnc-servers"] = []
        guest.table["query-chardev"] = []
        for protocol in Protocol:
            with pytest.raises(ConsoleUnavailable) as refusal:
                await target_of(driver, GUEST_ID, protocol)
            assert refusal.value.console_type == protocol

    async def test_a_server_that_is_not_there(self, driver: QemuDriver, guest: QmpServer) -> None:
        with pytest.raises(ServerNotFound):
            await target_of(driver, OTHER_ID, Protocol.VNC)

    async def test_the_guest_is_asked_anew(
        self, tmp_path: Path, guest: QmpServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(qemu_driver, "FRESH_SECONDS", 60.0)
        driver = make_driver(tmp_path)
        await driver.list_now()
        with listening(tmp_path / "new") as path:
            guest.table["query-vnc-servers"] = answers(vnc=path)["query-vnc-servers"]
            target = await target_of(driver, GUEST_ID, Protocol.VNC)
        assert address_of(target) == UnixAddress(path)

    async def test_another_guest_at_the_same_socket_is_not_the_one_meant(
        self, tmp_path: Path, guest: QmpServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(qemu_driver, "FRESH_SECONDS", 60.0)
        driver = make_driver(tmp_path)
        await driver.list_now()
        guest.table["query-uuid"] = {"UUID": OTHER_ID}
        with pytest.raises(ServerNotFound):
            await target_of(driver, GUEST_ID, Protocol.VNC)
        assert (await target_of(driver, OTHER_ID, Protocol.VNC)).protocol is Protocol.VNC

    async def test_a_guest_that_took_another_socket_is_found_there(
        self, tmp_path: Path, vnc: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(qemu_driver, "FRESH_SECONDS", 60.0)
        driver = make_driver(tmp_path)
        async with qmp_server(tmp_path / "old.qmp", answers(vnc=vnc)):
            await driver.list_now()
        async with qmp_server(tmp_path / "new.qmp", answers(vnc=vnc)):
            assert address_of(await target_of(driver, GUEST_ID, Protocol.VNC)) == UnixAddress(vnc)

    async def test_a_guest_on_its_way_is_busy(self, driver: QemuDriver, guest: QmpServer) -> None:
        guest.table["query-status"] = {"status": "inmigrate"}
        with pytest.raises(ServerBusy, match="migrating"):
            await target_of(driver, GUEST_ID, Protocol.VNC)

    @pytest.mark.usefixtures("ports_of_qemu")
    @pytest.mark.parametrize(
        ("listeners", "address"),
        [
            ([("none", "ipv4", "127.0.0.1", "5901", False)], TcpAddress("127.0.0.1", 5901)),
            ([("none", "ipv4", "0.0.0.0", "5901", False)], TcpAddress("127.0.0.1", 5901)),
            ([("none", "ipv6", "::", "5901", False)], TcpAddress("::1", 5901)),
            ([("vnc", "ipv4", "127.0.0.1", "5901", False), ("none", "ipv4", "127.0.0.1", "5902", False)], 5902),
            ([("none", "ipv4", "127.0.0.1", "5700", True), ("none", "ipv4", "127.0.0.1", "5901", False)], 5901),
            ([("sasl", "ipv4", "127.0.0.1", "5901", False)], None),
            ([("none", "vsock", "2", "5901", False)], None),
            ([("none", "ipv4", "host.example", "5901", False)], None),
            ([("none", "ipv4", "127.0.0.1", "5901\n", False)], None),
        ],
    )
    async def test_which_vnc_server_is_taken(
        self, driver: QemuDriver, guest: QmpServer, listeners: list[tuple[object, ...]], address: object
    ) -> None:
        keys = ("auth", "family", "host", "service", "websocket")
        guest.table["query-vnc-servers"] = [{"server": [dict(zip(keys, told, strict=True))]} for told in listeners]
        if address is None:
            with pytest.raises(ConsoleUnavailable):
                await target_of(driver, GUEST_ID, Protocol.VNC)
        else:
            expected = TcpAddress("127.0.0.1", address) if isinstance(address, int) else address
            assert address_of(await target_of(driver, GUEST_ID, Protocol.VNC)) == expected

    async def test_the_password_goes_to_a_vnc_server_that_asks_for_one(
        self, tmp_path: Path, guest: QmpServer, vnc: str
    ) -> None:
        (tmp_path / "password").write_text("sesame\n")
        driver = make_driver(tmp_path, password_file=tmp_path / "password")
        assert (await target_of(driver, GUEST_ID, Protocol.VNC)).password is None
        listener = {"auth": "vnc", "family": "unix", "service": vnc, "host": ""}
        guest.table["query-vnc-servers"] = [{"server": [listener]}]
        password = (await target_of(driver, GUEST_ID, Protocol.VNC)).password
        assert password is not None
        assert password.get_secret_value() == "sesame"
        (tmp_path / "password").unlink()
        with pytest.raises(Unavailable, match="password_file"):
            await target_of(driver, GUEST_ID, Protocol.VNC)

    async def test_a_path_that_is_no_socket_of_qemus_is_not_offered(
        self, driver: QemuDriver, guest: QmpServer, tmp_path: Path, vnc: str
    ) -> None:
        (tmp_path / "link").symlink_to(vnc)
        (tmp_path / "file").touch()
        for path in (tmp_path / "link", tmp_path / "file", tmp_path / "absent"):
            guest.table.update(answers(vnc=str(path), serial=str(path)))
            for protocol in (Protocol.VNC, Protocol.SERIAL):
                with pytest.raises(ConsoleUnavailable):
                    await target_of(driver, GUEST_ID, protocol)
            assert [str(path) in problem for problem in await sentences(driver)] == [True, True]

    async def test_a_socket_of_another_user_is_not_offered(
        self, driver: QemuDriver, guest: QmpServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stranger = Peer(os.getpid(), os.geteuid() + 1)
        monkeypatch.setattr(qmp_session, "peer_of", lambda connection: stranger)
        for protocol in (Protocol.VNC, Protocol.SERIAL):
            with pytest.raises(ConsoleUnavailable):
                await target_of(driver, GUEST_ID, protocol)
        assert ["not of the user that QEMU runs as" in problem for problem in await sentences(driver)] == [True, True]

    async def test_a_port_that_is_not_of_qemus_user_or_not_on_this_machine_is_not_offered(
        self, driver: QemuDriver, guest: QmpServer, tmp_path: Path
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

            def name_port(host: str) -> None:
                chardev = {"filename": f"disconnected:tcp:{host}:{port},server=on", "label": "serial0"}
                listener = {"auth": "none", "family": "ipv4", "host": host, "service": str(port)}
                guest.table.update({"query-chardev": [chardev], "query-vnc-servers": [{"server": [listener]}]})

            name_port("127.0.0.1")
            for protocol in (Protocol.VNC, Protocol.SERIAL):
                assert address_of(await target_of(driver, GUEST_ID, protocol)) == TcpAddress("127.0.0.1", port)
            name_port("169.254.169.254")
            assert (await driver.list_now())[0].protocols == frozenset()
            for protocol in (Protocol.VNC, Protocol.SERIAL):
                with pytest.raises(ConsoleUnavailable):
                    await target_of(driver, GUEST_ID, protocol)
            assert ["is not on this machine" in problem for problem in await sentences(driver)] == [True, True]

    async def test_a_port_of_another_user_is_not_offered(
        self, tmp_path: Path, guest: QmpServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        table = tmp_path / "tcp"
        table.write_text(table_line("127.0.0.1", 8080, os.geteuid() + 1))
        monkeypatch.setattr(tcp_listeners, "TABLES", (table,))
        chardev = {"filename": "disconnected:tcp:127.0.0.1:8080,server=on", "label": "serial0"}
        guest.table["query-chardev"] = [chardev]
        with pytest.raises(ConsoleUnavailable):
            await target_of(make_driver(tmp_path), GUEST_ID, Protocol.SERIAL)
        trusting = make_driver(tmp_path, socket_uids=[os.geteuid(), os.geteuid() + 1])
        assert address_of(await target_of(trusting, GUEST_ID, Protocol.SERIAL)) == TcpAddress("127.0.0.1", 8080)


class TestLog:
    async def test_a_guest_whose_log_is_not_known(self, driver: QemuDriver, guest: QmpServer) -> None:
        with pytest.raises(LogUnavailable):  # the peer is this test, not a QEMU
            await driver.console_log(GUEST_ID, 5)
        assert [server.keeps_log for server in await driver.list_now()] == [False]
        del guest.table[f"qom-get {SERIAL_PORT}"]
        with pytest.raises(LogUnavailable):
            await driver.console_log(GUEST_ID, None)

    async def test_a_link_in_a_logs_place_is_not_followed_whoever_owns_the_file(
        self, driver: QemuDriver, guest: QmpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "settings").write_bytes(b"secret")
        (tmp_path / "link").symlink_to("settings")
        log = tmp_path / "settings"
        monkeypatch.setattr(qemu_sockets, "log_path", lambda peer, label: log)
        assert await driver.console_log(GUEST_ID, None) == b"secret"
        log = tmp_path / "link"
        with pytest.raises(LogUnavailable):
            await driver.console_log(GUEST_ID, None)

    async def test_a_log_of_another_user_is_not_read(
        self, driver: QemuDriver, guest: QmpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "log").write_bytes(b"secret")
        monkeypatch.setattr(qemu_sockets, "log_path", lambda peer, label: tmp_path / "log")
        stranger = Peer(os.getpid(), os.geteuid() + 1)
        monkeypatch.setattr(qmp_session, "peer_of", lambda connection: stranger)
        with pytest.raises(LogUnavailable):
            await driver.console_log(GUEST_ID, None)

    async def test_a_server_that_is_not_there(self, driver: QemuDriver) -> None:
        with pytest.raises(ServerNotFound):
            await driver.console_log(GUEST_ID, 5)


class TestTroubles:
    """One bad socket is named and hides nobody else."""

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
        """QEMU serves one client; whoever comes while others queue is turned away and has to come again."""
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
