"""What OpenStack's Tempest looks at on the wire when it tests a noVNC console, said in our own words.

Its WebSocket client reads one frame at a time, takes a frame's length from one byte and expects one whole RFB message
in it; and it takes anything that comes after a bad token, a close frame's status included, for data.
"""

import asyncio
import re
import struct

import pytest
from tests.fakes.wire import Wire
from tests.real.consoles import websocket_target
from tests.real.service import SIMULATED_ID, Service

from keyhole.demo.qemu_guest import DemoGuest

pytest_plugins = ("tests.real.fixtures",)

SMALL_FRAME_BYTES = 126
"""From this length on a frame's length takes more than one byte (RFC 6455 5.2)."""

VERSION = b"RFB 003.008\n"
NO_SECURITY = b"\x01"
SHARED = b"\x01"
SERVER_INIT_BYTES = 24


def request_head(url: str) -> str:
    """Tempest's upgrade: the page's query as a cookie too, a fixed key, no Origin."""
    query = url.partition("?")[2]
    return (
        f"GET {websocket_target(url)} HTTP/1.1\nHost: 127.0.0.1\nUpgrade: websocket\nConnection: Upgrade\n"
        f"Cookie: {query}\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\nSec-WebSocket-Version: 13\n"
        "Sec-WebSocket-Protocol: binary"
    )


async def message(wire: Wire) -> bytes:
    """The one RFB message in the next frame."""
    frame = await wire.frame()
    assert frame.opcode == 2
    assert 0 < len(frame.payload) < SMALL_FRAME_BYTES
    return frame.payload


def test_the_page_is_one_of_novnc(service: Service, guest: DemoGuest) -> None:
    answer = service.get(service.console_url(guest.server_id))
    assert answer.status_code == 200
    assert re.search(r"<html.*>", answer.text)
    for text in ("</html>", "noVNC", "<script"):
        assert text in answer.text


@pytest.mark.parametrize("simulated", [False, True], ids=["real guest", "simulated guest"])
async def test_each_rfb_message_comes_in_a_frame_of_its_own(
    service: Service, guest: DemoGuest, simulated: bool
) -> None:
    url = await asyncio.to_thread(service.console_url, SIMULATED_ID if simulated else guest.server_id)
    wire = await Wire.connect(service.port)
    answer = await wire.request(request_head(url))
    assert answer.status == 101
    assert answer.headers["upgrade"].lower() == "websocket"

    assert await message(wire) == VERSION
    wire.send(VERSION)
    offered = await message(wire)
    assert (offered[0], NO_SECURITY in offered[1:]) == (len(offered) - 1, True)
    wire.send(NO_SECURITY)
    assert await message(wire) == bytes(4)
    wire.send(SHARED)
    server_init = await message(wire)
    (name_length,) = struct.unpack_from("!I", server_init, SERVER_INIT_BYTES - 4)
    assert name_length > 0
    assert len(server_init) == SERVER_INIT_BYTES + name_length


@pytest.mark.parametrize("kind", ["bad", "missing"])
async def test_a_bad_token_brings_no_frame_at_all(service: Service, guest: DemoGuest, kind: str) -> None:
    url = await asyncio.to_thread(service.console_url, guest.server_id)
    url = url.replace("token%3D", "token%3Dbad") if kind == "bad" else url.partition("token%3D")[0]
    wire = await Wire.connect(service.port)
    answer = await wire.request(request_head(url))
    assert await no_data(wire, upgraded=answer.status == 101)


async def no_data(wire: Wire, *, upgraded: bool) -> bool:
    """Whether a client that takes every byte after the answer's head for frames gets none with anything in it."""
    rest = await wire.rest()
    return rest == b"" or (upgraded and rest == bytes((0x88, 0)))
