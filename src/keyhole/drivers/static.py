"""The driver for machines that nothing else knows: their consoles are as the settings' `[[servers]]` say."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from keyhole.config import Section, StaticServer
from keyhole.drivers.log_tail import read_tail
from keyhole.drivers.password_file import read_password
from keyhole.drivers.probe import probe
from keyhole.errors import ConsoleUnavailable, LogUnavailable, ServerNotFound, Unavailable
from keyhole.model import Address, Protocol, Server, Target
from keyhole.ports import DriverContext

TROUBLES_FRESH_SECONDS = 3.0
"""How long an answer of `troubles` stands before targets are looked at again."""

PROBES_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class _Console:
    """One console of one server."""

    address: Address
    password_file: Path | None = None


@dataclass(frozen=True, slots=True)
class _Machine:
    """A server of the settings, and what it offers."""

    server: Server
    consoles: Mapping[Protocol, _Console]
    log_file: Path | None


class StaticDriver:
    """Servers of the settings. Nothing stays open between questions."""

    name = "static"

    class Settings(Section):
        """The `[[servers]]` of the settings."""

        servers: tuple[StaticServer, ...] = ()

    def __init__(self, settings: Settings, context: DriverContext) -> None:
        machines = (_read_machine(server, context) for server in settings.servers)
        self._machines = {machine.server.id: machine for machine in machines}
        self._probing = asyncio.Lock()
        self._slots = asyncio.Semaphore(PROBES_AT_ONCE)
        self._troubles: Sequence[str] = ()
        self._probed_at = float("-inf")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    async def list_servers(self) -> Sequence[Server]:
        return [machine.server for machine in self._machines.values()]

    async def find_server(self, server_id: str) -> Server | None:
        machine = self._machines.get(server_id)
        return machine.server if machine else None

    async def console_target(self, server_id: str, protocol: Protocol) -> Target:
        """As in the port. Unavailable when the console's password cannot be read."""
        console = self._machine(server_id).consoles.get(protocol)
        if console is None:
            raise ConsoleUnavailable(protocol)
        if console.password_file is None:
            return Target(protocol, console.address)
        try:
            password = await asyncio.to_thread(read_password, console.password_file)
        except OSError as error:
            raise Unavailable(f"The console password of instance {server_id} cannot be read.") from error
        return Target(protocol, console.address, password)

    async def console_log(self, server_id: str, lines: int | None) -> bytes:
        log_file = self._machine(server_id).log_file
        if log_file is None:
            raise LogUnavailable
        return await asyncio.to_thread(read_tail, log_file, lines)

    async def troubles(self) -> Sequence[str]:
        """A sentence for each console where nothing listens, and for each password that cannot be read."""
        loop = asyncio.get_running_loop()
        async with self._probing:
            if loop.time() - self._probed_at >= TROUBLES_FRESH_SECONDS:
                found = await asyncio.gather(
                    *(
                        self._trouble_of(machine.server, protocol, console)
                        for machine in self._machines.values()
                        for protocol, console in machine.consoles.items()
                    )
                )
                self._troubles = [trouble for trouble in found if trouble is not None]
                self._probed_at = loop.time()
            return self._troubles

    async def _trouble_of(self, server: Server, protocol: Protocol, console: _Console) -> str | None:
        whose = f"Server {server.name} ({server.id}): its {protocol} console"
        async with self._slots:
            wrong = await probe(console.address)
            if wrong is not None:
                return f"{whose} at {console.address} {wrong}."
            if console.password_file is not None:
                try:
                    await asyncio.to_thread(read_password, console.password_file)
                except OSError as error:
                    return f"{whose} has a password_file that cannot be read: {error.strerror}."
            return None

    def _machine(self, server_id: str) -> _Machine:
        try:
            return self._machines[server_id]
        except KeyError:
            raise ServerNotFound(server_id) from None


def _read_machine(given: StaticServer, context: DriverContext) -> _Machine:
    consoles: dict[Protocol, _Console] = {}
    if given.vnc is not None:
        consoles[Protocol.VNC] = _Console(given.vnc.address, given.vnc.password_file)
    if given.serial is not None:
        consoles[Protocol.SERIAL] = _Console(given.serial.address)
    if given.spice is not None:
        consoles[Protocol.SPICE] = _Console(given.spice.address)
    server = Server(
        id=given.id,
        name=given.name,
        project_id=context.project_id_of(given.project),
        protocols=frozenset(consoles),
    )
    return _Machine(server, consoles, given.serial.log_file if given.serial else None)
