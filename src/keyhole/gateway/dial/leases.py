"""What drivers hold for lines that are open: left when the line is closed, whatever became of its session."""

import asyncio
from contextlib import AsyncExitStack

from keyhole.net.tasks import TaskSet
from keyhole.telemetry.telemetry import Telemetry

LEAVE_SECONDS = 10.0
"""How long a driver may take to give up what a line needed."""


class Lease:
    """What one line holds of its driver: a context of `HypervisorDriver.open`, once it was entered."""

    def __init__(self, driver: str) -> None:
        self.driver = driver
        self.held = AsyncExitStack()


class Leases:
    """Leaves leases in the background, so that no viewer waits for a hypervisor to tidy up."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._leaving = TaskSet()

    def release(self, lease: Lease, after_seconds: float = 0.0) -> None:
        """Leaves a lease, after that many seconds where its line still has something to send."""
        self._leaving.start(self._leave(lease, after_seconds))

    async def close(self) -> None:
        """Waits until all that was released is left."""
        while self._leaving:
            await asyncio.wait(self._leaving)

    async def _leave(self, lease: Lease, after_seconds: float) -> None:
        await asyncio.sleep(after_seconds)
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await lease.held.aclose()
        except Exception as error:
            self._telemetry.service_failed(f"driver {lease.driver}", error)
