"""A scripted guest, and a driver that queries it each time."""

import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.qmp_server import QmpServer, answers, qmp_server
from tests.fakes.tcp_table import table_line

import keyhole.drivers.qemu.driver as qemu_driver
from keyhole.drivers.qemu import tcp_listeners
from keyhole.drivers.qemu.driver import QemuDriver
from keyhole.model import (
    Dialled,
    SocketTrust,
    Target,
)
from keyhole.ports.drivers import DriverContext

OTHER_ID = "99999999-2222-3333-4444-555555555555"
CONTEXT = DriverContext("qemu", lambda name: f"id-of-{name}")


@contextlib.contextmanager
def listening(path: Path) -> Iterator[str]:
    """A unix socket that can be dialled."""
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
    """Queries QEMU for every call, so that each test sees the server's current answers."""
    monkeypatch.setattr(qemu_driver, "FRESH_SECONDS", 0.0)
    async with make_driver(tmp_path) as driver:
        yield driver


@pytest.fixture
def ports_of_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel reports that our own user listens on some ports, on every address."""
    table = tmp_path / "tcp"
    places = [(host, port) for host in ("0.0.0.0", "::") for port in (5901, 5902, 5999)]
    table.write_text("".join(table_line(host, port, os.geteuid()) for host, port in places))
    monkeypatch.setattr(tcp_listeners, "TABLES", (table,))


def trust_of(target: Target) -> SocketTrust:
    assert isinstance(target.route, Dialled)
    return target.route.socket


def make_driver(folder: Path, **settings: Any) -> QemuDriver:
    return QemuDriver(QemuDriver.Settings(sockets=str(folder / "*.qmp"), **settings), CONTEXT)
