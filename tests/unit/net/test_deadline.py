"""A deadline applies to coroutines that wait; others return their result without a timer."""

import asyncio

import pytest

from keyhole.net.deadline import within


async def test_an_answer_at_once_is_the_result_and_sets_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once() -> str:
        return "here"

    monkeypatch.setattr(asyncio, "timeout", None)
    assert await within(1, at_once()) == "here"


async def test_a_failure_at_once_is_raised() -> None:
    async def failing() -> None:
        raise KeyError("no")

    with pytest.raises(KeyError):
        await within(1, failing())


async def test_what_waits_several_times_is_awaited_to_its_end() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def waiting() -> int:
        await asyncio.sleep(0)
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.01)
        except TimeoutError:
            asyncio.get_running_loop().call_soon(future.set_result, 7)
        return await future

    assert await within(10, waiting()) == 7


async def test_what_waits_for_too_long_is_cancelled() -> None:
    cleaned = []

    async def waiting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    with pytest.raises(TimeoutError):
        await within(0.01, waiting())
    assert cleaned == [True]


async def test_whoever_is_cancelled_cancels_what_it_waits_for() -> None:
    cleaned = []

    async def waiting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    task = asyncio.create_task(within(10, waiting()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == [True]


async def test_a_failure_after_a_wait_is_raised() -> None:
    async def failing() -> None:
        await asyncio.sleep(0)
        raise KeyError("no")

    with pytest.raises(KeyError):
        await within(10, failing())
