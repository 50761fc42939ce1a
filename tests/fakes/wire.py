"""A small WebSocket and HTTP client over asyncio streams, which shows frames as they are on the wire."""

import asyncio
import ssl
from dataclasses import dataclass
from typing import cast

from tests.fakes.websocket_client import client_frame

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


@dataclass(frozen=True)
class Frame:
    opcode: int
    payload: bytes

    @property
    def close_code(self) -> int | None:
        return int.from_bytes(self.payload[:2], "big") if self.payload else None

    @property
    def close_reason(self) -> str:
        return self.payload[2:].decode()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]


class Wire:
    """One connection to a server, closed when the task that made it ends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @property
    def transport(self) -> asyncio.Transport:
        """The connection's transport, which can be paused: the type of streams only declares writing."""
        return cast(asyncio.Transport, self.writer.transport)

    @classmethod
    async def connect(cls, port: int, trust: ssl.SSLContext | None = None) -> "Wire":
        wire = cls(*await asyncio.open_connection("127.0.0.1", port, ssl=trust))
        task = asyncio.current_task()
        assert task is not None
        task.add_done_callback(lambda _: wire.writer.close())
        return wire

    async def request(self, head: str) -> Answer:
        """Sends a head (lines joined by newlines) and reads the answer's head."""
        self.writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        return await self.answer()

    async def answer(self) -> Answer:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)).decode()
        status_line, *lines = head.strip().split("\r\n")
        return Answer(
            int(status_line.split()[1]), {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
        )

    async def upgrade(self, path: str, *headers: str) -> Answer:
        lines = [
            f"GET {path} HTTP/1.1",
            "Host: anything.example",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {KEY}",
            "Sec-WebSocket-Version: 13",
            *headers,
        ]
        return await self.request("\n".join(lines))

    def send(self, payload: bytes, opcode: int = 2) -> None:
        self.writer.write(client_frame(payload, opcode=opcode))

    async def frame(self, seconds: float = 10) -> Frame:
        """The next frame with its complete payload."""
        async with asyncio.timeout(seconds):
            first, second = await self.reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                length = int.from_bytes(await self.reader.readexactly(2), "big")
            elif length == 127:
                length = int.from_bytes(await self.reader.readexactly(8), "big")
            return Frame(first & 0x0F, await self.reader.readexactly(length))

    async def rest(self, seconds: float = 10) -> bytes:
        """Everything until the server closes the connection."""
        return await asyncio.wait_for(self.reader.read(), seconds)

    async def rfb_handshake(self) -> Frame:
        """Runs the RFB 3.8 handshake as a viewer over frames; returns the ServerInit's frame."""
        version = await self.frame()
        assert version.payload == b"RFB 003.008\n"
        self.send(version.payload)
        assert (await self.frame()).payload == b"\x01\x01"
        self.send(b"\x01")
        assert (await self.frame()).payload == b"\0\0\0\0"
        self.send(b"\x01")
        return await self.frame()

    def close(self) -> None:
        self.writer.close()
