"""A small VNC viewer for tests: it signs in, types, keeps the picture, and reads the simulated guest's text from it."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Self

from tests.fakes.rfb_messages import key_event, pointer_event, set_encodings, set_pixel_format, update_request

from keyhole.crypto.vnc_des import response
from keyhole.drivers.simulated.font import CELL_HEIGHT, CELL_WIDTH, FIRST, LAST, cell_rows
from keyhole.drivers.simulated.painter import INK, PAPER
from keyhole.model import Address, TcpAddress, UnixAddress
from keyhole.protocols.rfb.handshake.target import ServerInit, TargetHandshake
from keyhole.protocols.rfb.pixel_format import PixelFormat
from keyhole.protocols.rfb.security import SecurityType
from keyhole.protocols.rfb.security.none import NoSecurity
from keyhole.protocols.rfb.security.vnc_auth import VncAuthentication

DEADLINE_SECONDS = 10
DESKTOP_SIZE = -223
_LETTERS = {cell_rows(chr(code)): chr(code) for code in range(ord(FIRST), ord(LAST) + 1)}


async def open_stream(address: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connects to a console's address."""
    match address:
        case TcpAddress(host, port):
            return await asyncio.open_connection(host, port)
        case UnixAddress(path):
            return await asyncio.open_unix_connection(path)


class RfbViewer:
    """Use `RfbViewer.open`. Every wait ends after DEADLINE_SECONDS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, screen: ServerInit) -> None:
        self.reader, self.writer = reader, writer
        self.name, self.width, self.height = screen.name, screen.width, screen.height
        self.pixel_bytes = 4
        self.pixels = bytearray(self.width * self.height * self.pixel_bytes)
        self.rectangles: list[tuple[int, int, int, int]] = []  # of the last update: x, y, width, height
        self.colour_map: bytes | None = None
        self.bells = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, address: Address, password: str | None = None) -> AsyncIterator[Self]:
        """Signs in, with a password when there is one."""
        reader, writer = await open_stream(address)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                yield cls(reader, writer, await sign_in(reader, writer, password))
        finally:
            writer.close()

    def send(self, message: bytes) -> None:
        self.writer.write(message)

    def ask(self, *, incremental: bool = True, y: int = 0, height: int | None = None) -> None:
        """FramebufferUpdateRequest for whole rows."""
        self.send(update_request(incremental, 0, y, self.width, self.height if height is None else height))

    def set_encodings(self, *encodings: int) -> None:
        self.send(set_encodings(*encodings))

    def set_pixel_format(self, pixel_format: PixelFormat) -> None:
        self.send(set_pixel_format(pixel_format.encode()))
        self.pixel_bytes = pixel_format.bits_per_pixel // 8
        self.pixels = bytearray(self.width * self.height * self.pixel_bytes)

    def press(self, keysym: int) -> None:
        """Down and up."""
        self.send(key_event(keysym, True) + key_event(keysym, False))

    def type(self, text: str) -> None:
        """Types characters; a new line is Enter."""
        for character in text:
            self.press(0xFF0D if character == "\n" else ord(character))

    def point(self, buttons: int, x: int, y: int) -> None:
        self.send(pointer_event(x, y, buttons))

    async def receive(self) -> int:
        """Takes one message from the server and returns its type."""
        kind = (await self.reader.readexactly(1))[0]
        match kind:
            case 0:
                (count,) = struct.unpack("!xH", await self.reader.readexactly(3))
                self.rectangles = [await self._rectangle() for _ in range(count)]
            case 1:
                _, count = struct.unpack("!xHH", await self.reader.readexactly(5))
                self.colour_map = await self.reader.readexactly(6 * count)
            case 2:
                self.bells += 1
            case _:
                raise AssertionError(f"message type {kind}")
        return kind

    async def update(self, *, incremental: bool = False) -> None:
        """Asks for the screen and takes messages up to and including the update."""
        self.ask(incremental=incremental)
        while await self.receive() != 0:
            pass

    async def wait_for_text(self, text: str) -> None:
        """Takes updates until the screen shows a line with this text."""
        await self.wait_for(lambda: any(text in line for line in self.lines()))

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Takes updates until the condition holds."""
        await self.update()
        while not condition():
            await self.update(incremental=True)

    def lines(self) -> list[str]:
        """The screen's rows of text, as read from the pixels; `\\0` where there is no letter, the cursor included."""
        rows = range(0, self.height - CELL_HEIGHT + 1, CELL_HEIGHT)
        return ["".join(self._letter(x, y) for x in range(0, self.width, CELL_WIDTH)).rstrip() for y in rows]

    def pixel(self, x: int, y: int) -> bytes:
        start = (y * self.width + x) * self.pixel_bytes
        return bytes(self.pixels[start : start + self.pixel_bytes])

    def _letter(self, left: int, top: int) -> str:
        ink, paper = (bytes((blue, green, red, 0)) for red, green, blue in (INK, PAPER))
        rows = []
        for y in range(top, top + CELL_HEIGHT):
            dots = [self.pixel(left + x, y) for x in range(CELL_WIDTH)]
            if not set(dots) <= {ink, paper}:
                return "\0"
            rows.append(sum((dot == ink) << (CELL_WIDTH - 1 - x) for x, dot in enumerate(dots)))
        return _LETTERS.get(tuple(rows), "\0")

    async def _rectangle(self) -> tuple[int, int, int, int]:
        x, y, width, height, encoding = struct.unpack("!HHHHi", await self.reader.readexactly(12))
        if encoding == DESKTOP_SIZE:
            self.width, self.height = width, height
            self.pixels = bytearray(width * height * self.pixel_bytes)
        else:
            assert encoding == 0
            data = await self.reader.readexactly(width * height * self.pixel_bytes)
            assert x + width <= self.width
            assert y + height <= self.height
            for line in range(height):
                start = ((y + line) * self.width + x) * self.pixel_bytes
                size = width * self.pixel_bytes
                self.pixels[start : start + size] = data[line * size : (line + 1) * size]
        return x, y, width, height


async def sign_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, password: str | None) -> ServerInit:
    """The handshake. Raises what the machine raises."""
    security: list[SecurityType] = [NoSecurity()]
    if password is not None:
        security.append(VncAuthentication(partial(response, password)))
    machine = TargetHandshake(security)
    while not machine.done:
        for message in machine.data_to_send():
            writer.write(message)
        data = await reader.read(4096)
        if not data:
            machine.receive_eof()
        machine.receive_data(data)
    assert machine.trailing_data() == b""
    (screen,) = machine.events()
    return screen
