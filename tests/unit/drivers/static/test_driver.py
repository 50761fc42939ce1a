"""The parts that only the static driver has: passwords and logs from files, and problems of targets."""

import asyncio
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr, ValidationError
from tests.fakes.drivers import address_of, sentences, target_of

from keyhole.drivers.static.driver import StaticDriver
from keyhole.errors import ConsoleUnavailable, LogUnavailable, Unavailable
from keyhole.model import (
    Dialled,
    HttpConnect,
    Protocol,
    Server,
    ServerStatus,
    SocketTrust,
    Target,
    TargetTls,
    TcpAddress,
    UnixAddress,
    VencryptSubtype,
)
from keyhole.ports.drivers import DriverContext


def driver_of(*servers: Mapping[str, object]) -> StaticDriver:
    base = {"id": "s1", "name": "vm1", "project": "demo"}
    settings = StaticDriver.Settings.model_validate({"servers": [{**base, **server} for server in servers]})
    return StaticDriver(settings, DriverContext("static", lambda name: f"id of {name}"))


async def test_servers_are_as_the_settings_say_in_their_order() -> None:
    driver = driver_of(
        {"id": "b", "vnc": {"url": "tcp://h:1"}, "serial": {"url": "unix:/x"}, "spice": {"url": "tcp://[::1]:2"}},
        {"id": "a", "name": "bare", "project": "other"},
    )
    offered = (Protocol.VNC, Protocol.SERIAL, Protocol.SPICE)
    assert list(await driver.list_now()) == [
        Server("b", "vm1", "id of demo", ServerStatus.ACTIVE, protocols=frozenset(offered)),
        Server("a", "bare", "id of other", ServerStatus.ACTIVE),
    ]
    addresses = [address_of(await target_of(driver, "b", protocol)) for protocol in offered]
    assert addresses == [TcpAddress("h", 1), UnixAddress("/x"), TcpAddress("::1", 2)]


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(ValidationError):
        driver_of({"vmc": {"url": "tcp://h:1"}})


async def test_the_password_is_read_anew_each_time_and_hidden(tmp_path: Path) -> None:
    path = tmp_path / "password"
    driver = driver_of({"vnc": {"url": "tcp://h:1", "password_file": path}})
    for password in ("hunter2", "swordfish"):
        path.write_text(password + "\n")
        target = await target_of(driver, "s1", Protocol.VNC)
        assert target.password is not None
        assert target.password.get_secret_value() == password
        assert password not in repr(target)


async def test_a_password_that_cannot_be_read_is_unavailable_and_a_trouble(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        driver = driver_of({"vnc": {"url": url, "password_file": tmp_path / "missing"}})
        with pytest.raises(Unavailable) as caught:
            await target_of(driver, "s1", Protocol.VNC)
        assert str(tmp_path) not in str(caught.value)
        assert await sentences(driver) == [
            "Server vm1 (s1): its vnc console has a password_file that cannot be read: No such file or directory."
        ]


async def test_a_console_that_is_not_offered_is_named() -> None:
    with pytest.raises(ConsoleUnavailable, match="spice"):
        await target_of(driver_of({"vnc": {"url": "tcp://h:1"}}), "s1", Protocol.SPICE)


async def test_a_log_needs_a_log_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    driver = driver_of({"serial": {"url": "unix:/x", "log_file": path}}, {"id": "s2", "serial": {"url": "unix:/x"}})
    for server_id in ("s1", "s2"):
        with pytest.raises(LogUnavailable):
            await driver.console_log(server_id, None)
    assert [server.keeps_log for server in await driver.list_now()] == [True, False]
    path.write_bytes(b"one\ntwo\nlogin: ")
    assert await driver.console_log("s1", 2) == b"two\nlogin: "


async def test_a_log_is_held_to_the_rules_of_sockets(tmp_path: Path) -> None:
    (tmp_path / "settings").write_bytes(b"secret")
    (tmp_path / "link").symlink_to("settings")
    (tmp_path / "log").write_bytes(b"text")
    stranger = {"url": "unix:/x", "log_file": tmp_path / "log", "socket_uids": [os.geteuid() + 1]}
    driver = driver_of({"serial": {"url": "unix:/x", "log_file": tmp_path / "link"}}, {"id": "s2", "serial": stranger})
    for server_id in ("s1", "s2"):
        with pytest.raises(LogUnavailable):
            await driver.console_log(server_id, None)


async def test_each_target_that_is_gone_is_a_trouble_and_looked_at_once_in_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        driver = driver_of(
            {"vnc": {"url": f"tcp://127.0.0.1:{port}"}, "serial": {"url": f"unix:{tmp_path}/serial"}},
            {"id": "s2", "name": "vm2", "vnc": {"url": f"tcp://127.0.0.1:{port}"}},
        )
        gone = f"Server vm1 (s1): its serial console at unix:{tmp_path}/serial does not exist."
        assert await sentences(driver) == [gone]
    # Nothing listens any more, but what was found stands for some seconds.
    assert await sentences(driver) == [gone]
    monkeypatch.setattr("keyhole.drivers.static.driver.PROBLEMS_FRESH_SECONDS", 0)
    assert await sentences(driver) == [
        f"Server vm1 (s1): its vnc console at tcp://127.0.0.1:{port} refuses the connection.",
        gone,
        f"Server vm2 (s2): its vnc console at tcp://127.0.0.1:{port} refuses the connection.",
    ]


async def test_those_who_ask_at_once_get_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    async def probe(address: object, directory: str) -> str:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return "is gone"

    monkeypatch.setattr("keyhole.drivers.static.driver.probe", probe)
    driver = driver_of({"vnc": {"url": "tcp://h:1"}})
    answers = await asyncio.gather(*(sentences(driver) for _ in range(5)))
    assert answers == [["Server vm1 (s1): its vnc console at tcp://h:1 is gone."]] * 5
    assert asked == 1


async def test_how_a_console_is_reached_is_as_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("sesame\n")
    driver = driver_of(
        {
            "vnc": {
                "url": "tcp://h:1",
                "password_file": tmp_path / "password",
                "username": "alice",
                "tls": {"insecure": True, "subtype": "x509plain"},
                "connect_path": "/console",
            },
            "serial": {"url": "unix:/run/vm1/serial", "socket_directory": "/run/vm1", "socket_uids": [107]},
        }
    )
    assert await target_of(driver, "s1", Protocol.VNC) == Target(
        Protocol.VNC,
        Dialled(TcpAddress("h", 1), HttpConnect("/console")),
        SecretStr("sesame"),
        "alice",
        TargetTls(VencryptSubtype.X509PLAIN, insecure=True),
    )
    assert (await driver.locate("s1", Protocol.VNC)).place == "tcp://h:1/console"
    serial = await target_of(driver, "s1", Protocol.SERIAL)
    assert isinstance(serial.route, Dialled)
    assert serial.route.socket == SocketTrust("/run/vm1", frozenset({107}))


async def test_a_console_that_is_not_as_safe_as_it_might_be_is_a_trouble(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(ca)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        driver = driver_of(
            {"vnc": {"url": url, "tls": {"insecure": True}}},
            {"id": "s2", "name": "vm2", "vnc": {"url": url, "tls": {"ca": ca}}},
        )
        ca.write_text("half written")
        assert await sentences(driver) == [
            "Server vm1 (s1): its vnc console is reached by TLS without verification.",
            "Server vm2 (s2): its vnc console has tls settings that cannot be used:"
            f" ca: {ca}: contains no PEM certificate.",
        ]
