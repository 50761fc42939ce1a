"""Turns at a server: in order, within a time, apart from other servers."""

import asyncio

import pytest

from keyhole.errors import LimitReached
from keyhole.gateway.dial_queue import Turns
from keyhole.reasons import Reason


async def test_further_ones_wait_and_come_in_order() -> None:
    turns, order = Turns(2), []
    most = now = 0

    async def work(number: int) -> None:
        nonlocal most, now
        async with turns.turn("s", 5):
            now += 1
            most = max(most, now)
            order.append(number)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*map(work, range(10)))
    assert (most, order) == (2, list(range(10)))
    assert not turns._turns


async def test_whoever_waits_for_too_long_is_refused_and_other_servers_are_not() -> None:
    turns = Turns(1)
    async with turns.turn("slow", 5):
        with pytest.raises(LimitReached) as caught:
            async with turns.turn("slow", 0.01):
                raise AssertionError
        assert caught.value.reason is Reason.LIMIT_SERVER_HANDSHAKES
        async with turns.turn("other", 0.01):
            pass
    async with turns.turn("slow", 0.01):
        pass


async def test_whoever_gives_up_leaves_no_turn_taken() -> None:
    turns = Turns(1)
    async with turns.turn("s", 5):
        waiting = asyncio.create_task(turns.turn("s", 5).__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with turns.turn("s", 0.01):
        pass


async def test_no_limit() -> None:
    turns = Turns(0)
    async with turns.turn("s", 0), turns.turn("s", 0):
        pass
