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
    """A machine's VNC console, which wants PASSWORD, its serial console and its log, in a folder of its own."""

    def __init__(self, folder: Path, server_id: str, name: str = "web") -> None:
        self.id, self.name = server_id, name
        self.folder = folder
        self.vnc, self.serial = UnixAddress(f"{folder}/vnc"), UnixAddress(f"{folder}/serial")
        self.log = folder / "log"
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.end()

    async def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        consoles = (RfbServer(self.name, password=PASSWORD), SerialServer(self.name, SerialLog(self.log)))
        for console, address in zip(consoles, (self.vnc, self.serial), strict=True):
            self._running.push_async_callback(console.close)
            await console.start(address)

    async def end(self) -> None:
        """Its consoles do not listen any more, and every line is lost."""
        await self._running.aclose()
