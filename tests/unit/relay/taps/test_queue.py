"""A tap that is read later: in order, bounded, and with all losses reported."""

import asyncio

from keyhole.relay.taps.queue import Chunk, Direction, Lost, TapQueue

TO_VIEWER, TO_TARGET = Direction.TO_VIEWER, Direction.TO_TARGET


async def read_all(queue: TapQueue) -> list[Chunk | Lost]:
    return [event async for event in queue]


async def test_everything_is_read_in_order_until_the_line_is_closed() -> None:
    queue = TapQueue()
    queue.target_sent(b"login: ", 1.0)
    reading = asyncio.ensure_future(read_all(queue))
    await asyncio.sleep(0)
    queue.viewer_sent(b"root\r", 2.0)
    await asyncio.sleep(0)
    assert not reading.done()
    queue.line_closed()
    assert await reading == [Chunk(TO_VIEWER, b"login: ", 1.0), Chunk(TO_TARGET, b"root\r", 2.0)]


async def test_a_reader_that_is_too_slow_is_told_what_it_lost_and_where() -> None:
    queue = TapQueue(most_bytes=10)
    queue.target_sent(b"0123456789", 1.0)
    queue.target_sent(b"abc", 2.0)
    queue.viewer_sent(b"x", 3.0)
    queue.target_sent(b"de", 4.0)
    events = aiter(queue)
    assert await anext(events) == Chunk(TO_VIEWER, b"0123456789", 1.0)
    queue.target_sent(b"after", 5.0)
    queue.line_closed()
    assert [event async for event in events] == [
        Lost(TO_VIEWER, 5, 2.0),
        Lost(TO_TARGET, 1, 3.0),
        Chunk(TO_VIEWER, b"after", 5.0),
    ]


async def test_a_flood_that_nobody_reads_keeps_no_more_than_allowed() -> None:
    queue = TapQueue(most_bytes=1000)
    for number in range(1000):
        queue.target_sent(bytes(100), float(number))
        queue.viewer_sent(bytes(100), float(number))
    queue.line_closed()
    events = await read_all(queue)
    kept = sum(len(event.data) for event in events if isinstance(event, Chunk))
    lost = sum(event.byte_count for event in events if isinstance(event, Lost))
    assert (kept, lost, len(events)) == (1000, 199_000, 12)
