"""Reads a real guest's text screen, and types on its keyboard and serial line."""

import asyncio
import re
import stat
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.fakes.waiting import until

from keyhole.demo.initramfs import LOGIN_PASSWORD, LOGIN_USER
from keyhole.drivers.qemu.qmp_session import QmpSession, open_qmp

QMP_SECONDS = 10.0
SCREEN_SECONDS = 15.0

KEY_SECONDS = 0.05
"""The guest's PS/2 queue is small: faster typing loses keys."""

VGA_TEXT_ADDRESS = 0xB8000
COLUMNS, ROWS = 80, 25

_PLAIN = {" ": "spc", "\n": "ret", "-": "minus", "/": "slash", ".": "dot", ",": "comma", "=": "equal", ";": "semicolon"}
_SHIFTED = {"$": "4", "(": "9", ")": "0", "*": "8", "_": "minus", "|": "backslash", ">": "dot", ":": "semicolon"}


def fresh_id() -> str:
    return str(uuid.uuid4())


@asynccontextmanager
async def qmp(path: Path) -> AsyncIterator[QmpSession]:
    async with asyncio.timeout(QMP_SECONDS), open_qmp(path) as session:
        yield session


async def answers(qmp_path: Path) -> bool:
    """Whether a QEMU has begun its work: it answers only once all that its command line names is open.

    The files of its sockets are there before anybody listens on them.
    """
    try:
        async with qmp(qmp_path):
            return True
    except (FileNotFoundError, ConnectionRefusedError):
        return False


async def screen(qmp_path: Path) -> str:
    """What stands on the guest's VGA text screen: its lines, from the memory that the screen is drawn from.

    True while less than a screenful was written since it was cleared; then the screen begins elsewhere.
    """
    dump = qmp_path.parent / "screen"
    async with qmp(qmp_path) as session:
        size = COLUMNS * ROWS * 2
        await session.execute("pmemsave", val=VGA_TEXT_ADDRESS, size=size, filename=str(dump))
    cells = dump.read_bytes()
    characters = cells[::2].decode("cp437")
    lines = [characters[start : start + COLUMNS].rstrip("\0 ") for start in range(0, len(characters), COLUMNS)]
    return "\n".join(lines).rstrip("\n")


async def until_screen(qmp_path: Path, condition: Callable[[str], bool], seconds: float = SCREEN_SECONDS) -> str:
    async def look() -> str:
        text = await screen(qmp_path)
        return text if condition(text) else ""

    return await until(look, seconds)


async def type_keys(qmp_path: Path, text: str) -> None:
    """Types as a keyboard would; `text` may hold what a US keyboard has and the tables above know."""
    async with asyncio.timeout(QMP_SECONDS + len(text)), open_qmp(qmp_path) as session:
        for character in text:
            key = _SHIFTED.get(character) or _PLAIN.get(character, character.lower())
            codes = ["shift", key] if character in _SHIFTED or character.isupper() else [key]
            keys = [{"type": "qcode", "data": code} for code in codes]
            await session.execute("send-key", keys=keys, **{"hold-time": 20})
            await asyncio.sleep(KEY_SECONDS)


class SerialLine:
    """A terminal on the guest's serial port."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._seen = b""

    def send(self, text: str) -> None:
        self._writer.write(text.encode())

    async def expect(self, pattern: bytes, seconds: float = 20) -> re.Match[bytes]:
        """The first match in the output since the last match."""
        async with asyncio.timeout(seconds):
            while not (found := re.search(pattern, self._seen)):
                data = await self._reader.read(65536)
                assert data, f"the line was closed after {self._seen!r}"
                self._seen += data
        self._seen = self._seen[found.end() :]
        return found

    async def log_in(self) -> None:
        """From wherever the guest is: a login prompt that was written before we came is asked for again."""
        self.send("\r")
        await self.expect(rb"login: ")
        self.send(f"{LOGIN_USER}\r")
        await self.expect(rb"Password: ")
        # The guest throws away what is typed before it reads the password.
        await asyncio.sleep(0.3)
        self.send(f"{LOGIN_PASSWORD}\r")
        await self.expect(rb"# ")

    async def run(self, command: str, pattern: bytes) -> re.Match[bytes]:
        self.send(f"{command}\r")
        return await self.expect(pattern)


@asynccontextmanager
async def serial_line(path: str | Path) -> AsyncIterator[SerialLine]:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        yield SerialLine(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


def has_ended(pid: int) -> bool:
    """Whether the process has ended, even if its parent has not reaped it yet."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def is_socket(path: Path) -> bool:
    return stat.S_ISSOCK(path.lstat().st_mode)
