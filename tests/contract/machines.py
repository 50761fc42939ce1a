"""Machines for drivers to find: their consoles are those of drivers/simulated, and may be ended while they run."""

from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.contract.driver_stage import PASSWORD

from keyhole.drivers.simulated.rfb_server import RfbServer
from keyhole.drivers.simulated.serial_server import SerialLog, SerialServer
from keyhole.model import UnixAddress


class Machine:
    """A machine's VNC console, which wants PASSWORD, its serial console and its log: files that its id names."""

    def __init__(self, folder: Path, server_id: str, name: str = "web") -> None:
        self.id, self.name = server_id, name
        stem = folder / server_id
        self.vnc = UnixAddress(f"{stem}.vnc")
        self.serial = UnixAddress(f"{stem}.serial")
        self.log = Path(f"{stem}.log")
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        consoles = (RfbServer(self.name, password=PASSWORD), SerialServer(self.name, SerialLog(self.log)))
        for console, address in zip(consoles, (self.vnc, self.serial), strict=True):
            self._running.push_async_callback(console.close)
            await console.start(address)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.end()

    async def end(self) -> None:
        """Its consoles do not listen any more, and every line is lost."""
        await self._running.aclose()
