"""Every asynchronous test runs on the service's event loop, and is ended when it times out."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], uvloop.Loop]]:
    return {"uvloop": _new_loop}


def _new_loop() -> uvloop.Loop:
    loop = uvloop.new_event_loop()
    loop.set_exception_handler(_stop_at_timeout)
    return loop


def _stop_at_timeout(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """pytest-timeout raises its failure in a signal handler, where uvloop only reports it. Stopping the loop fails the
    test and still takes down its fixtures; where each task stood goes to standard error."""
    failure = context.get("exception")
    if not isinstance(failure, pytest.fail.Exception):
        loop.default_exception_handler(context)
        return
    for task in asyncio.all_tasks(loop):
        task.print_stack()
    loop.stop()
