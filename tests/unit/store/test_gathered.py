"""Gathered writes: one at a time, all that waited in one, and everybody told how theirs went."""

import asyncio

import pytest

from keyhole.errors import Unavailable
from keyhole.store.gathered import GatheredWrites, Row


class Slow:
    """A write that takes until it is let go."""

    def __init__(self) -> None:
        self.written: list[list[Row]] = []
        self.go = asyncio.Event()
        self.fails = False

    async def __call__(self, rows: list[Row]) -> None:
        self.written.append(rows)
        await self.go.wait()
        if self.fails:
            raise Unavailable("no")


async def test_what_comes_during_a_write_is_written_together_and_in_order() -> None:
    slow = Slow()
    writes = GatheredWrites(slow)
    adding = [asyncio.create_task(writes.add({"n": 0}))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    adding += [asyncio.create_task(writes.add({"n": n})) for n in (1, 2, 3)]
    await asyncio.sleep(0)
    assert slow.written == [[{"n": 0}]]
    slow.go.set()
    await asyncio.gather(*adding)
    assert slow.written == [[{"n": 0}], [{"n": 1}, {"n": 2}, {"n": 3}]]


async def test_a_failed_write_is_told_to_all_that_were_in_it_and_to_nobody_else() -> None:
    slow = Slow()
    slow.fails = True
    slow.go.set()
    writes = GatheredWrites(slow)
    outcomes = await asyncio.gather(*(writes.add({"n": n}) for n in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    slow.fails = False
    await writes.add({"n": 9})


async def test_a_row_is_written_though_nobody_waits_for_it_any_more() -> None:
    slow = Slow()
    writes = GatheredWrites(slow)
    adding = asyncio.create_task(writes.add({"n": 0}))
    await asyncio.sleep(0)
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    slow.go.set()
    await writes.finish()
    assert slow.written == [[{"n": 0}]]
