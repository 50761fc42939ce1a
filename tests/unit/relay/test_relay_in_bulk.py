"""Floods: how the relay reads large amounts, and where the bytes are kept."""

import asyncio

import pytest
from tests.fakes.transport import FakeTransport

from keyhole.protocols.serial_input import SerialInput
from keyhole.protocols.websocket.frames_in import FrameReader
from keyhole.protocols.websocket.frames_out import cut_frames
from keyhole.relay.console import Console
from keyhole.relay.read_buffer import SIZE_BYTES, ReadBuffer
from keyhole.relay.relay import Relay
from keyhole.relay.target_readers import CALM_READS
from keyhole.relay.to_viewer import BULK_BYTES, WRITE_BUFFER_BYTES

LARGE = WRITE_BUFFER_BYTES + 1
FLOOD = bytes(BULK_BYTES)


def joined(
    buffer: ReadBuffer, frames: FrameReader | None = None, *, stuck: bool = False
) -> tuple[FakeTransport, FakeTransport]:
    """A viewer, native where it has no `frames`, and its target, whose session has just begun."""
    viewer, target = FakeTransport(stuck=stuck), FakeTransport()
    clock = asyncio.get_running_loop().time
    Relay(Console(target, buffer, clock, 1), viewer, frames, SerialInput(), lambda _: None).start(b"", b"")
    return viewer, target


async def test_a_flood_is_read_in_bulk_until_it_is_over() -> None:
    _, target = joined(ReadBuffer())
    assert not target.in_bulk
    target.arrive(bytes(BULK_BYTES - 1))
    assert not target.in_bulk
    target.arrive(FLOOD)
    assert target.in_bulk
    for _ in range(CALM_READS - 1):
        target.arrive(b"small")
    target.arrive(bytes(LARGE))
    for _ in range(CALM_READS - 1):
        target.arrive(b"small")
    assert target.in_bulk
    target.arrive(b"small")
    assert not target.in_bulk
    assert target.reading


async def test_a_target_that_is_paused_stays_paused_when_its_flood_begins() -> None:
    _, target = joined(ReadBuffer())
    target.reading = False
    target.arrive(FLOOD)
    assert target.in_bulk
    assert not target.reading


@pytest.mark.parametrize("size", [5, WRITE_BUFFER_BYTES, LARGE])
async def test_what_a_viewer_has_not_taken_yet_is_its_own_whoever_reads_next(size: int) -> None:
    buffer = ReadBuffer()
    slow_viewer, slow_target = joined(buffer, stuck=True)
    _, other_target = joined(buffer)
    slow_target.arrive(FLOOD)
    other_target.arrive(FLOOD)
    slow_target.arrive(b"\1" * size)
    other_target.arrive(b"\2" * LARGE)
    assert slow_viewer.written == FLOOD + b"\1" * size


@pytest.mark.parametrize("size", [LARGE, SIZE_BYTES])
async def test_a_browser_gets_floods_in_frames_of_its_own(size: int) -> None:
    buffer = ReadBuffer()
    slow_viewer, slow_target = joined(buffer, FrameReader(), stuck=True)
    quick_viewer, quick_target = joined(buffer, FrameReader())
    for target in (slow_target, quick_target):
        target.arrive(FLOOD)
    quick_viewer.kept.clear()
    slow_target.arrive(b"\1" * size)
    quick_target.arrive(b"\2" * size)
    assert slow_viewer.written == b"".join((*cut_frames(FLOOD), *cut_frames(b"\1" * size)))
    assert quick_viewer.written == b"".join(cut_frames(b"\2" * size))


async def test_memory_is_used_again_where_everything_was_sent() -> None:
    buffer = ReadBuffer()
    _, target = joined(buffer)
    target.arrive(FLOOD)
    memory = buffer.memory
    target.arrive(bytes(LARGE))
    assert buffer.memory is memory
