"""The dial queue: in order, with a timeout, independent for each server."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from keyhole.errors import LimitReached
from keyhole.gateway.dial_queue import DialQueue
from keyhole.reasons import Reason


async def test_further_ones_wait_and_come_in_order() -> None:
    dial_queue, order = DialQueue(2), []
    most = now = 0

    async def work(number: int) -> None:
        nonlocal most, now
        async with dial_queue.slot("s", 5):
            now += 1
            most = max(most, now)
            order.append(number)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*map(work, range(10)))
    assert (most, order) == (2, list(range(10)))
    assert len(dial_queue) == 0


async def test_whoever_waits_for_too_long_is_refused_and_other_servers_are_not() -> None:
    dial_queue = DialQueue(1)
    async with dial_queue.slot("slow", 5):
        with pytest.raises(LimitReached) as caught:
            async with dial_queue.slot("slow", 0.01):
                raise AssertionError
        assert caught.value.reason is Reason.LIMIT_SERVER_HANDSHAKES
        async with dial_queue.slot("other", 0.01):
            pass
    async with dial_queue.slot("slow", 0.01):
        pass


async def test_whoever_gives_up_leaves_no_turn_taken() -> None:
    dial_queue = DialQueue(1)
    async with dial_queue.slot("s", 5):
        waiting = asyncio.create_task(dial_queue.slot("s", 5).__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with dial_queue.slot("s", 0.01):
        pass


async def test_without_a_limit_nobody_waits() -> None:
    dial_queue = DialQueue(0)
    async with AsyncExitStack() as held:
        for _ in range(1000):
            await held.enter_async_context(dial_queue.slot("s", 0))
        assert len(dial_queue) == 1
    assert len(dial_queue) == 0
