"""The simulated guest's VNC server, over real sockets."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.fakes.rfb_viewer import DESKTOP_SIZE, RfbViewer, open_stream

from keyhole.crypto.vnc_des import response
from keyhole.drivers.simulated.misbehaviour import Misbehaviour
from keyhole.drivers.simulated.painter import INK, PAPER
from keyhole.drivers.simulated.rfb_server import RfbServer
from keyhole.errors import SecurityRefused
from keyhole.model import Address, TcpAddress, UnixAddress
from keyhole.protocols.rfb.pixel_format import PixelFormat

ANY_PORT = TcpAddress("127.0.0.1", 0)


@asynccontextmanager
async def serving(
    address: Address = ANY_PORT, *, password: str | None = None, misbehave: Misbehaviour | None = None
) -> AsyncIterator[tuple[RfbServer, Address]]:
    server = RfbServer("vm1", password=password, misbehave=misbehave)
    try:
        yield server, await server.start(address)
    finally:
        await server.close()


@pytest.fixture
async def address() -> AsyncIterator[Address]:
    async with serving() as (_, address):
        yield address


async def test_a_viewer_sees_the_greeting_and_what_to_try(address: Address) -> None:
    async with RfbViewer.open(address) as viewer:
        assert (viewer.name, viewer.width, viewer.height) == ("vm1", 640, 400)
        await viewer.update()
        assert viewer.rectangles == [(0, 0, 640, 400)]
        first, second, empty, prompt, *rest = viewer.lines()
        assert first.startswith("Keyhole's simulated guest:")
        assert second.startswith("Try:  help")
        assert (empty, prompt) == ("", "simulated$ \0")
        assert not any(rest)


async def test_what_is_typed_is_shown_and_answered(address: Address) -> None:
    async with RfbViewer.open(address) as viewer:
        viewer.type("echo x$((6*7))\n")
        await viewer.wait_for(lambda: "x42" in viewer.lines())
        assert "simulated$ echo x$((6*7))" in viewer.lines()


async def test_it_serves_on_a_unix_socket_and_takes_it_away(tmp_path: Path) -> None:
    path = tmp_path / "vnc"
    async with serving(UnixAddress(str(path))) as (_, address):
        async with RfbViewer.open(address) as viewer:
            await viewer.update()
        assert path.is_socket()
    assert not path.exists()


async def test_closing_ends_connections_and_the_listener() -> None:
    async with serving() as (server, address), RfbViewer.open(address) as viewer:
        await server.close()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await viewer.update()
        with pytest.raises(ConnectionRefusedError):
            await open_stream(address)


async def test_an_incremental_update_is_of_the_changed_rows_alone(address: Address) -> None:
    async with RfbViewer.open(address) as viewer:
        await viewer.update()
        viewer.type("x")
        await viewer.update(incremental=True)
        # The prompt is in the fourth row.
        assert viewer.rectangles == [(0, 48, 640, 16)]
        viewer.type("\n")
        await viewer.update(incremental=True)
        # The cursor leaves the prompt; an answer and another prompt follow.
        assert viewer.rectangles == [(0, 48, 640, 48)]


async def test_no_update_is_sent_until_something_changes(address: Address) -> None:
    async with RfbViewer.open(address) as viewer:
        await viewer.update()
        viewer.ask(incremental=True)
        # The bell comes after all that was sent before it.
        viewer.type("bell")
        await viewer.receive()
        viewer.type("\n")
        while not viewer.bells:
            assert await viewer.receive() in (0, 2)
        assert viewer.bells == 1


async def test_without_a_request_nothing_is_sent(address: Address) -> None:
    async with RfbViewer.open(address) as viewer:
        viewer.type("lines 3\nbell\n")
        assert await viewer.receive() == 2


async def test_a_part_of_the_screen_is_answered_with_its_rows(address: Address) -> None:
    async with RfbViewer.open(address) as viewer:
        viewer.ask(incremental=False, y=20, height=30)
        await viewer.receive()
        assert viewer.rectangles == [(0, 16, 640, 48)]
        viewer.ask(incremental=False, y=5000, height=10)
        await viewer.receive()
        assert viewer.rectangles == []


async def test_viewers_share_the_screen(address: Address) -> None:
    async with RfbViewer.open(address) as one, RfbViewer.open(address) as other:
        one.type("calc 6*7")
        await other.wait_for_text("calc 6*7")
        other.type("\n")
        await one.wait_for(lambda: "42" in one.lines())


async def test_a_viewer_that_can_is_told_of_another_size(address: Address) -> None:
    async with RfbViewer.open(address) as viewer:
        viewer.set_encodings(0, DESKTOP_SIZE)
        viewer.type("resize 808 600\n")
        await viewer.wait_for_text("101 columns, 37 rows")
        assert (viewer.width, viewer.height) == (808, 600)
        paper = bytes((PAPER[2], PAPER[1], PAPER[0], 0))
        assert viewer.pixel(807, 599) == paper


@pytest.mark.parametrize("size", ["800 600", "320 200"])
async def test_a_viewer_that_cannot_keeps_its_size(address: Address, size: str) -> None:
    async with RfbViewer.open(address) as viewer:
        await viewer.update()
        viewer.type(f"resize {size}\n")
        await viewer.wait_for_text("rows")
        assert (viewer.width, viewer.height) == (640, 400)


@pytest.mark.parametrize(
    ("pixel_format", "ink"),
    [
        (PixelFormat(red_shift=0, blue_shift=16), bytes((*INK, 0))),
        (PixelFormat(16, 16, False, True, 31, 63, 31, 11, 5, 0), (25 << 11 | 54 << 5 | 25).to_bytes(2, "little")),
        (PixelFormat(8, 8, False, False, 0, 0, 0, 0, 0, 0), b"\1"),
    ],
)
async def test_the_viewers_pixel_format_is_used_from_then_on(
    address: Address, pixel_format: PixelFormat, ink: bytes
) -> None:
    async with RfbViewer.open(address) as viewer:
        await viewer.update()
        viewer.set_pixel_format(pixel_format)
        # All of it is new in this format.
        await viewer.update(incremental=True)
        assert viewer.rectangles == [(0, 0, 640, 400)]
        # The cursor's cell, which is all ink.
        assert viewer.pixel(11 * 8, 48) == ink
        assert (viewer.colour_map is None) == pixel_format.true_colour


async def test_the_pointer_is_known(address: Address) -> None:
    async with RfbViewer.open(address) as viewer:
        viewer.point(5, 12, 345)
        viewer.type("mouse\n")
        await viewer.wait_for_text("at 12,345 buttons 00000101")


async def test_what_is_not_rfb_ends_the_connection_and_no_other(address: Address) -> None:
    async with RfbViewer.open(address) as well:
        for hello in (b"GET / HTTP/1.1\r\n\r\n", b"RFB 003.008\n\x02"):
            reader, writer = await open_stream(address)
            writer.write(hello)
            async with asyncio.timeout(10):
                answer = await reader.read()
            assert answer.startswith(b"RFB 003.008\n")
            writer.close()
        async with RfbViewer.open(address) as unwell:
            unwell.send(b"\x63")
            assert await unwell.reader.read() == b""
        await well.update()


async def test_a_viewer_that_does_not_read_costs_one_update_and_harms_no_other() -> None:
    async with serving() as (server, address), RfbViewer.open(address) as lazy, RfbViewer.open(address) as eager:
        for _ in range(200):
            lazy.ask(incremental=False)
        eager.type("echo still here\n")
        await eager.wait_for_text("still here")
        for connection in server._accepted:
            # One whole screen is 1 024 000 bytes.
            assert connection.transport.get_write_buffer_size() < 1_100_000
        # And what it asked for is there when it reads at last.
        await lazy.receive()
        await lazy.receive()
        assert "still here" in lazy.lines()


async def test_a_password_lets_in_and_keeps_out() -> None:
    async with serving(password="sesame") as (_, address):
        async with RfbViewer.open(address, "sesame") as viewer:
            await viewer.update()
        with pytest.raises(SecurityRefused, match=r"The password is wrong\."):
            async with RfbViewer.open(address, "Sesame"):
                pass
        with pytest.raises(SecurityRefused, match=r"offers the security types VNC password \(2\)"):
            async with RfbViewer.open(address):
                pass


@pytest.mark.parametrize("version", [b"RFB 003.003\n", b"RFB 003.007\n"])
@pytest.mark.parametrize("right", [True, False])
async def test_older_viewers_sign_in_with_a_password_too(version: bytes, right: bool) -> None:
    async with serving(password="sesame") as (_, address):
        reader, writer = await open_stream(address)
        async with asyncio.timeout(10):
            await reader.readexactly(12)
            writer.write(version)
            if version.endswith(b"3\n"):
                assert await reader.readexactly(4) == b"\0\0\0\x02"
            else:
                assert await reader.readexactly(2) == b"\x01\x02"
                writer.write(b"\x02")
            writer.write(response("sesame" if right else "wrong", await reader.readexactly(16)))
            assert await reader.readexactly(4) == struct.pack("!I", not right)
            if right:
                writer.write(b"\x01")
                assert await reader.readexactly(4) == struct.pack("!HH", 640, 400)
            else:
                assert await reader.read() == b""
        writer.close()
