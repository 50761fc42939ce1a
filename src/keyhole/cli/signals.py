"""SIGINT and SIGTERM end what runs, by cancelling it, so that everything it started is put away."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress


async def until_told_to_stop(work: Coroutine[None, None, None]) -> None:
    """Runs `work` until it ends or a signal says so."""
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work)  # noqa: TID251  # awaited below
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
