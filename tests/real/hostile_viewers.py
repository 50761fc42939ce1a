"""Viewers that violate the protocol, each in one way, with the reason that Keyhole must report."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.fakes.rfb_messages import cut_text, key_event, pointer_event
from tests.fakes.websocket_client import client_frame
from tests.fakes.wire import Wire

from keyhole.reasons import Reason

FRAME_BYTES = 65536
MESSAGE_BYTES = 100_000
CUT_TEXT_BYTES = 1000
MESSAGES_PER_SECOND = 200
HEAD_SECONDS = 1.0
HANDSHAKES_PER_ADDRESS = 40

LIMITS = f"""[limits]
frame_bytes = {FRAME_BYTES}
message_bytes = {MESSAGE_BYTES}
cut_text_bytes = {CUT_TEXT_BYTES}
messages_per_second = {MESSAGES_PER_SECOND}
head_seconds = {HEAD_SECONDS}
handshakes_per_address = {HANDSHAKES_PER_ADDRESS}
"""

TOO_MANY = 2 * MESSAGES_PER_SECOND + 50


@dataclass(frozen=True)
class HostileViewer:
    """A viewer's behaviour, and the answer that it gets: a close code, or an HTTP status before the upgrade (None:
    nothing).
    """

    name: str
    act: Callable[[Wire], Awaitable[None]]
    reason: Reason
    code: int | None


def sends(data: bytes) -> Callable[[Wire], Awaitable[None]]:
    async def act(wire: Wire) -> None:
        wire.writer.write(data)

    return act


async def reset(wire: Wire) -> None:
    """In the middle of a frame."""
    wire.writer.write(client_frame(bytes(1000))[:500])
    await asyncio.sleep(0.05)
    sock = wire.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.writer.transport.abort()


async def half_close(wire: Wire) -> None:
    wire.writer.write_eof()


ERROR = Reason.VIEWER_PROTOCOL_ERROR
MANY_HEADERS = b"GET / HTTP/1.1\r\n" + b"X:\r\n" * 200 + b"\r\n"
GREAT_CUT_TEXT = b"\x06\0\0\0\x7f\xff\xff\xff"
V3_8 = client_frame(b"RFB 003.008\n")

AT_THE_DOOR = [
    HostileViewer("slow head", sends(b"GET / HTTP/1.1\r\nX: "), Reason.REQUEST_TOO_SLOW, 408),
    HostileViewer("no head", sends(b""), Reason.REQUEST_TOO_SLOW, 408),
    HostileViewer("huge head", sends(b"GET / HTTP/1.1\r\nX: " + b"x" * 70000), Reason.REQUEST_TOO_LARGE, 431),
    HostileViewer("many headers", sends(MANY_HEADERS), Reason.REQUEST_TOO_LARGE, 431),
    HostileViewer("folded header", sends(b"GET / HTTP/1.1\r\nX: x\r\n y\r\n\r\n"), Reason.REQUEST_MALFORMED, 400),
    HostileViewer("bare line feeds", sends(b"GET / HTTP/1.1\nHost: x\n\n"), Reason.REQUEST_MALFORMED, 400),
    HostileViewer("RFB at once", sends(b"RFB 003.008\n"), Reason.REQUEST_MALFORMED, 400),
]  # fmt: skip
"""Before any request is understood."""

IN_THE_HANDSHAKE = [
    HostileViewer("wrong version", sends(client_frame(b"RFB 009.009\n")), ERROR, 1002),
    HostileViewer("security of its own", sends(V3_8 + client_frame(b"\x02")), ERROR, 1002),
    HostileViewer("unmasked frame", sends(b"\x82\x0cRFB 003.008\n"), ERROR, 1002),
    HostileViewer("flood before its turn", sends(client_frame(V3_8[6:] * 5000)), ERROR, 1002),
]
"""Right after the upgrade."""

IN_THE_SESSION = [
    HostileViewer("huge frame", sends(client_frame(bytes(FRAME_BYTES + 1))), Reason.LIMIT_FRAME, 1009),
    HostileViewer("frame of an exbibyte", sends(b"\x82\xff\x10" + bytes(7) + b"mask"), Reason.LIMIT_FRAME, 1009),
    HostileViewer("frame of 64 bits", sends(b"\x82\xff" + b"\xff" * 8 + b"mask"), ERROR, 1002),
    HostileViewer(
        "endless message",
        sends(client_frame(cut_text(b"")[:4], final=False) + client_frame(bytes(60000), opcode=0, final=False) * 3),
        Reason.LIMIT_FRAME,
        1009,
    ),
    HostileViewer("large clipboard", sends(client_frame(cut_text(bytes(2000)))), Reason.LIMIT_CUT_TEXT, 1009),
    HostileViewer("clipboard of 2 GiB", sends(client_frame(GREAT_CUT_TEXT)), Reason.LIMIT_CUT_TEXT, 1009),
    HostileViewer("flood in one frame", sends(client_frame(pointer_event() * TOO_MANY)), Reason.LIMIT_MESSAGES, 4022),
    HostileViewer("flood of frames", sends(client_frame(key_event()) * TOO_MANY), Reason.LIMIT_MESSAGES, 4022),
    HostileViewer("flood of empty frames", sends(client_frame() * TOO_MANY), Reason.LIMIT_MESSAGES, 4022),
    HostileViewer("flood of pings", sends(client_frame(b"?", opcode=9) * TOO_MANY), Reason.LIMIT_MESSAGES, 4022),
    HostileViewer("flood of pongs", sends(client_frame(b"!", opcode=10) * TOO_MANY), Reason.LIMIT_MESSAGES, 4022),
    HostileViewer("unknown message", sends(client_frame(b"\x63")), ERROR, 1002),
    HostileViewer("reserved bits", sends(b"\xf2\x80mask"), ERROR, 1002),
    HostileViewer("goodbye in bad UTF-8", sends(client_frame(b"\x03\xe8\xff", opcode=8)), ERROR, 1007),
    HostileViewer("long ping", sends(b"\x89\xfe\x00\xff"), ERROR, 1002),
    HostileViewer("reset in a frame", reset, Reason.VIEWER_CLOSED, None),
    HostileViewer("half-closed", half_close, Reason.VIEWER_CLOSED, None),
]  # fmt: skip
"""Once the session runs."""
