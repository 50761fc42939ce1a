"""Drivers' resources for open lines, released when the line is closed, however its session ended."""

import asyncio
from contextlib import AbstractAsyncContextManager

from keyhole.model import Target
from keyhole.net.tasks import TaskSet
from keyhole.ports.opened_targets import HoldsNothing
from keyhole.telemetry.telemetry import Telemetry

LEAVE_SECONDS = 10.0
"""How long a driver may take to release a lease."""


class Lease:
    """One line's lease: a context of `HypervisorDriver.open`, once it was entered."""

    __slots__ = ("_context", "driver")

    def __init__(self, driver: str) -> None:
        self.driver = driver
        self._context: AbstractAsyncContextManager[Target] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to release."""
        return self._context is None

    async def enter(self, context: AbstractAsyncContextManager[Target]) -> Target:
        """The context's target. Raises what entering it raises."""
        target = await context.__aenter__()
        self._context = None if isinstance(context, HoldsNothing) else context
        return target

    async def leave(self) -> None:
        """Exits the context; further calls do nothing."""
        context, self._context = self._context, None
        if context is not None:
            await context.__aexit__(None, None, None)


class Leases:
    """Releases leases in the background, so that no viewer waits for a hypervisor to clean up."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._leaving = TaskSet()

    def release(self, lease: Lease, after_seconds: float = 0.0) -> None:
        """Releases a lease after this many seconds."""
        if not lease.is_empty:
            self._leaving.start(self._leave(lease, after_seconds))

    def release_with(self, lease: Lease, line: asyncio.Transport, linger_seconds: float) -> None:
        """Releases a closed line's lease, later if the line still has data to send."""
        self.release(lease, linger_seconds if line.get_write_buffer_size() else 0)

    async def close(self) -> None:
        """Waits until all released leases have been left."""
        while len(self._leaving):
            await asyncio.wait(tuple(self._leaving))

    async def _leave(self, lease: Lease, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await lease.leave()
        except Exception as error:
            self._telemetry.service_failed(f"driver {lease.driver}", error)
