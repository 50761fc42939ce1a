"""Waiting for a condition with a deadline, instead of for a fixed time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")

POLL_SECONDS = 0.02


@overload
async def until(condition: Callable[[], Awaitable[T | None]], seconds: float = 10) -> T: ...
@overload
async def until(condition: Callable[[], T | None], seconds: float = 10) -> T: ...
async def until(condition: Callable[[], T | Awaitable[T | None] | None], seconds: float = 10) -> T:
    """The condition's first true value. AssertionError, with the last value, if the deadline passes."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, f"not so within {seconds:g} s; last: {value!r}"
        await asyncio.sleep(POLL_SECONDS)


STILL_SECONDS = 0.3


async def until_still(figure: Callable[[], T], seconds: float = 20) -> T:
    """The number's value once it has not changed for STILL_SECONDS. AssertionError if it never settles."""
    value, since = figure(), time.monotonic()

    def rests() -> bool:
        nonlocal value, since
        if (now := figure()) != value:
            value, since = now, time.monotonic()
        return time.monotonic() - since >= STILL_SECONDS

    await until(rests, seconds)
    return value
