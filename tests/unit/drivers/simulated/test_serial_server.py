"""The simulated guest's serial console, over real sockets, and its log."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.fakes.rfb_viewer import open_stream
from tests.fakes.waiting import until

from keyhole.drivers.simulated.serial_server import KEEP_LOG_BYTES, MAX_LOG_BYTES, SerialLog, SerialServer
from keyhole.model import Address, TcpAddress


@pytest.fixture
def log(tmp_path: Path) -> SerialLog:
    return SerialLog(tmp_path / "log")


@pytest.fixture
async def server(log: SerialLog) -> AsyncIterator[SerialServer]:
    server = SerialServer("vm1", log)
    yield server
    await server.close()


@pytest.fixture
async def address(server: SerialServer) -> Address:
    return await server.start(TcpAddress("127.0.0.1", 0))


class Terminal:
    """A viewer of the line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    @classmethod
    async def open(cls, address: Address) -> "Terminal":
        return cls(*await open_stream(address))

    async def shows(self, text: bytes) -> bytes:
        """What comes up to and including this text."""
        async with asyncio.timeout(10):
            return await self._reader.readuntil(text)


async def test_a_viewer_is_asked_to_log_in_and_gets_a_shell(address: Address) -> None:
    terminal = await Terminal.open(address)
    assert await terminal.shows(b"login: ") == b"login: "
    terminal.writer.write(b"ada\r")
    await terminal.shows(b"ada\r\nWelcome, ada.")
    await terminal.shows(b"simulated$ ")
    terminal.writer.write(b"echo x$((6*7))\r")
    assert await terminal.shows(b"simulated$ ") == b"echo x$((6*7))\r\nx42\r\nsimulated$ "
    terminal.writer.write(b"exit\r")
    await terminal.shows(b"login: ")
    terminal.writer.close()


async def test_an_empty_name_is_asked_for_again(address: Address) -> None:
    terminal = await Terminal.open(address)
    terminal.writer.write(b"\r\n")
    assert await terminal.shows(b"\r\nlogin: ") == b"login: \r\nlogin: "
    terminal.writer.close()


async def test_viewers_share_the_line_and_a_new_one_sees_where_it_stands(address: Address) -> None:
    one = await Terminal.open(address)
    one.writer.write(b"ad")
    await one.shows(b"login: ad")
    other = await Terminal.open(address)
    assert await other.shows(b"ad") == b"login: ad"
    other.writer.write(b"a\r")
    await one.shows(b"Welcome, ada.")
    await other.shows(b"Welcome, ada.")
    one.writer.close()
    other.writer.close()


async def test_clear_is_a_terminals_own_sequence(address: Address) -> None:
    terminal = await Terminal.open(address)
    terminal.writer.write(b"ada\rclear\r")
    await terminal.shows(b"\x1b[H\x1b[2J")
    terminal.writer.close()


async def test_the_log_holds_all_that_was_written_whoever_looks(address: Address, log: SerialLog) -> None:
    greeting = b"\r\nvm1: Keyhole's simulated guest, serial console.\r\nAny name will do.\r\n\r\nlogin: "
    assert log.path.read_bytes() == greeting
    terminal = await Terminal.open(address)
    terminal.writer.write(b"ada\r")
    await terminal.shows(b"simulated$ ")
    terminal.writer.close()
    assert log.path.read_bytes() == greeting + b"ada\r\nWelcome, ada. Try help, or calc 6*7.\r\nsimulated$ "


@pytest.mark.programs
async def test_a_viewer_that_does_not_read_loses_output_and_holds_up_nobody(
    address: Address, server: SerialServer
) -> None:
    lazy, eager = await Terminal.open(address), await Terminal.open(address)
    eager.writer.write(b"ada\r")
    for _ in range(600):
        eager.writer.write(b"lines 1000\r")
        await eager.shows(b"line 1000\r\nsimulated$ ")
    assert all(line.transport.get_write_buffer_size() < 200_000 for line in server._lines)
    lazy.writer.close()
    eager.writer.close()


async def test_a_viewer_that_leaves_is_forgotten(address: Address, server: SerialServer) -> None:
    terminal = await Terminal.open(address)
    await until(lambda: len(server._lines) == 1)
    terminal.writer.close()
    await until(lambda: not server._lines)


def test_a_log_keeps_its_end_within_a_limit(log: SerialLog) -> None:
    for number in range(MAX_LOG_BYTES // 1000 + 200):
        log.append(b"%09d" % number + b"." * 990 + b"\n")
        assert log.path.stat().st_size <= MAX_LOG_BYTES
    kept = log.path.read_bytes()
    assert len(kept) >= KEEP_LOG_BYTES
    assert kept.splitlines()[-1].startswith(b"%09d" % number)


def test_a_log_starts_empty(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"of another guest")
    assert SerialLog(tmp_path / "log").path.read_bytes() == b""
