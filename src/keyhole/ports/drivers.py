"""What the use cases need of a hypervisor.

Implementations live in drivers/ and are held to tests/contract/driver_suite.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol as Interface

from keyhole.model import (
    Protocol,
    Server,
    Target,
)


class HypervisorDriver(Interface):
    """Knows servers and where their consoles are. Used inside its own `async with`."""

    @property
    def name(self) -> str:
        """The name of the driver's entry point and of its `[drivers.NAME]` section."""

    async def list_servers(self) -> Sequence[Server]:
        """Every server, in the driver's order."""

    async def find_server(self, server_id: str) -> Server | None:
        """One server by its id, None when this driver does not know it."""

    async def console_target(self, server_id: str, protocol: Protocol) -> Target:
        """Where that console is right now. Asked when a grant is made and again when it is redeemed.

        Raises ServerNotFound, ServerNotReady, ServerBusy; ConsoleUnavailable naming the protocol.
        """

    async def console_log(self, server_id: str, lines: int | None) -> bytes:
        """The last `lines` lines of the serial log as written by the guest, all of it when None.

        A line ends at b"\\n"; what follows the last one counts as a line, even when empty.
        Raises ServerNotFound, LogUnavailable.
        """

    async def check(self) -> Sequence[str]:
        """One sentence for each thing that does not work, for /readyz; empty when all is well."""


@dataclass(frozen=True, slots=True)
class DriverContext:
    """What a driver is given beside its own settings: `Driver(settings, context)`."""

    project_id_of: Callable[[str], str]
