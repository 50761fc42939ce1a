"""SIGINT and SIGTERM cancel what runs, so that it cleans up everything it started."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress


async def run_until_signal(work: Coroutine[None, None, None]) -> None:
    """Runs `work` until it ends or one of the signals arrives."""
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work)  # noqa: TID251  # awaited below
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
