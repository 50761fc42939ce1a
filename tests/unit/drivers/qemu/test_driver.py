"""The qemu driver with scripted QMP servers: what it lists, refuses and survives."""

import asyncio
import os
import socket
from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.fakes.drivers import address_of, sentences, target_of
from tests.fakes.qmp_server import GUEST_ID, SERIAL_PORT, QmpServer, answers, qmp_server
from tests.fakes.tcp_table import table_line
from tests.unit.drivers.qemu.conftest import OTHER_ID, listening, make_driver, trust_of

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
        assert ["does not belong to QEMU's user" in problem for problem in await sentences(driver)] == [True, True]

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
