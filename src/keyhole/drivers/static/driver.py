"""The driver for machines that no other driver has: the settings' `[[servers]]` describe their consoles."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from keyhole.config import DriverSettings, StaticServer, VncTarget
from keyhole.drivers.common.log_tail import read_tail
from keyhole.drivers.common.password_file import read_password
from keyhole.drivers.common.probe import probe
from keyhole.drivers.common.problems import since
from keyhole.errors import ConsoleUnavailable, LogUnavailable, ServerNotFound, TlsUnusable, Unavailable
from keyhole.model import Change, Dialled, HttpConnect, Location, Protocol, Server, Target
from keyhole.net.tls_client import client_context
from keyhole.ports.drivers import Caller, DriverContext, Problem, unchanging
from keyhole.ports.opened_targets import holds_nothing

PROBLEMS_FRESH_SECONDS = 3.0
"""How long the result of `problems` is cached before targets are checked again."""

PROBES_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class _Console:
    """One console of one server: its target without the password, and remarks about it that end a sentence."""

    target: Target
    route: Dialled
    password_file: Path | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Machine:
    """A server of the settings, and what it offers."""

    server: Server
    consoles: Mapping[Protocol, _Console]
    locations: Mapping[Protocol, Location]
    log_file: Path | None


class StaticDriver:
    """Servers of the settings. Nothing stays open between calls."""

    class Settings(DriverSettings):
        """The `[[servers]]` of the settings."""

        servers: tuple[StaticServer, ...] = ()

    def __init__(self, settings: Settings, context: DriverContext) -> None:
        self.name = context.name
        machines = (_read_machine(server, context) for server in settings.servers)
        self._machines = {machine.server.id: machine for machine in machines}
        self._servers = tuple(machine.server for machine in self._machines.values())
        self._probing = asyncio.Lock()
        self._slots = asyncio.Semaphore(PROBES_AT_ONCE)
        self._problems: Sequence[Problem] = ()
        self._probed_at = float("-inf")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def watch(self) -> AsyncIterator[Change]:
        return unchanging(self._servers)

    async def list_now(self) -> Sequence[Server]:
        return self._servers

    async def find_server(self, server_id: str) -> Server | None:
        machine = self._machines.get(server_id)
        return machine.server if machine else None

    async def locate(self, server_id: str, protocol: Protocol) -> Location:
        location = self._machine(server_id).locations.get(protocol)
        if location is None:
            raise ConsoleUnavailable(protocol)
        return location

    @holds_nothing
    async def open(self, location: Location, caller: Caller | None) -> Target:
        """As in the port. Unavailable when the console's password cannot be read."""
        server_id = location.server.id
        console = self._machine(server_id).consoles[location.protocol]
        if console.password_file is None:
            return console.target
        try:
            password = await asyncio.to_thread(read_password, console.password_file)
        except OSError as error:
            raise Unavailable(f"The console password of instance {server_id} cannot be read.") from error
        return replace(console.target, password=password)

    async def console_log(self, server_id: str, lines: int | None) -> bytes:
        machine = self._machine(server_id)
        if machine.log_file is None:
            raise LogUnavailable
        trust = machine.consoles[Protocol.SERIAL].route.socket
        return await asyncio.to_thread(read_tail, machine.log_file, lines, trust)

    async def screenshot(self, server_id: str, head: int = 0) -> None:
        self._machine(server_id)

    async def check(self) -> Sequence[Problem]:
        """One problem for each console where nothing listens, or that is not as secure as it could be; and for each
        file of its settings that cannot be used.
        """
        loop = asyncio.get_running_loop()
        async with self._probing:
            if loop.time() - self._probed_at >= PROBLEMS_FRESH_SECONDS:
                found = await asyncio.gather(
                    *(
                        self._problems_of(machine.server, protocol, console)
                        for machine in self._machines.values()
                        for protocol, console in machine.consoles.items()
                    )
                )
                self._problems = since(self._problems, [problem for problems in found for problem in problems])
                self._probed_at = loop.time()
            return self._problems

    async def _problems_of(self, server: Server, protocol: Protocol, console: _Console) -> list[Problem]:
        whose, route = f"Server {server.name} ({server.id}): its {protocol} console", console.route
        host = str(route.address)
        found = [Problem(f"{whose} {remark}.", host, "insecure") for remark in console.remarks]
        async with self._slots:
            wrong = await probe(route.address, route.socket.directory)
            if wrong is not None:
                found.append(Problem(f"{whose} at {host} {wrong}.", host, "unreachable"))
            for unusable in await asyncio.to_thread(_wrong_files, console):
                found.append(Problem(f"{whose} {unusable}.", host, "unusable_file"))
        return found

    def _machine(self, server_id: str) -> _Machine:
        try:
            return self._machines[server_id]
        except KeyError:
            raise ServerNotFound(server_id) from None


def _wrong_files(console: _Console) -> list[str]:
    """Ends of sentences about files that cannot be used. Blocks."""
    wrong = []
    if console.password_file is not None:
        try:
            read_password(console.password_file)
        except OSError as error:
            wrong.append(f"has a password_file that cannot be read: {error.strerror}")
    if console.target.tls is not None:
        try:
            client_context(console.target.tls)
        except TlsUnusable as error:
            wrong.append(f"has tls settings that cannot be used: {error}")
    return wrong


def _read_machine(given: StaticServer, context: DriverContext) -> _Machine:
    consoles: dict[Protocol, _Console] = {}
    if given.vnc is not None:
        consoles[Protocol.VNC] = _read_vnc(given.vnc)
    for protocol, console in ((Protocol.SERIAL, given.serial), (Protocol.SPICE, given.spice)):
        if console is not None:
            route = Dialled(console.address, socket=console.socket_trust)
            consoles[protocol] = _Console(Target(protocol, route), route)
    log_file = given.serial.log_file if given.serial else None
    server = Server(
        id=given.id,
        name=given.name,
        project_id=context.project_id_of(given.project),
        protocols=frozenset(consoles),
        keeps_log=log_file is not None,
    )
    locations = {protocol: Location(server, protocol, one.route.endpoint) for protocol, one in consoles.items()}
    return _Machine(server, consoles, locations, log_file)


def _read_vnc(given: VncTarget) -> _Console:
    upgrade = HttpConnect(given.connect_path) if given.connect_path else None
    route = Dialled(given.address, upgrade, given.socket_trust)
    tls = given.tls.target_tls if given.tls is not None else None
    target = Target(Protocol.VNC, route, user_name=given.username, tls=tls)
    remarks = (given.tls.warning,) if given.tls is not None and given.tls.warning is not None else ()
    return _Console(target, route, given.password_file, remarks)
