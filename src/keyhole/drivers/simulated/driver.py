"""The driver of the built-in simulated guests: real consoles without a machine, for trying Keyhole out and for tests.

Their sockets are in a directory that nobody else may enter, and are removed with the driver. They belong to the process
that created them.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator

from keyhole.config import DriverSettings, Section, refuse_duplicates
from keyhole.drivers.common.log_tail import read_tail
from keyhole.drivers.common.probe import probe
from keyhole.drivers.common.problems import since
from keyhole.drivers.simulated.misbehaviour import Misbehaviour
from keyhole.drivers.simulated.rfb_server import RfbServer
from keyhole.drivers.simulated.serial_server import SerialLog, SerialServer
from keyhole.errors import ConsoleUnavailable, ServerNotFound
from keyhole.model import Change, Dialled, Location, Protocol, Server, SocketTrust, Target, UnixAddress
from keyhole.ports.drivers import Caller, DriverContext, Problem, unchanging
from keyhole.ports.opened_targets import holds_nothing


class SimulatedServer(Section):
    """`[[drivers.simulated.servers]]`: one simulated guest."""

    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z._-]{1,255}$")] = Field(
        "5174e000-0000-4000-8000-000000000001", description="The server's id, usually a UUID."
    )
    name: Annotated[str, Field(min_length=1, max_length=255)] = Field("simulated", description="The server's name.")
    project: Annotated[str, Field(min_length=1, max_length=255)] = Field(
        "demo", description="The project that owns it."
    )
    password: SecretStr | None = Field(None, description="The VNC password that it requires.")
    misbehave: Misbehaviour | None = Field(None, description="How its VNC server breaks the rules, for tests.")


@dataclass(frozen=True, slots=True)
class _Guest:
    """A running guest: what the API shows of it, and where its consoles and its log are."""

    server: Server
    targets: dict[Protocol, Target]
    routes: dict[Protocol, Dialled]
    log: Path


class SimulatedDriver:
    """Simulated guests, which run while the driver's `async with` lasts."""

    class Settings(DriverSettings):
        """`[drivers.simulated]`."""

        servers: tuple[SimulatedServer, ...] = Field((SimulatedServer(),), description="The simulated guests.")

        @field_validator("servers")
        @classmethod
        def _check_ids(cls, value: tuple[SimulatedServer, ...]) -> tuple[SimulatedServer, ...]:
            refuse_duplicates("server id", (server.id for server in value))
            return value

    def __init__(self, settings: Settings, context: DriverContext) -> None:
        self.name = context.name
        self._settings = settings
        self._context = context
        self._running = AsyncExitStack()
        self._guests: dict[str, _Guest] = {}
        self._problems: Sequence[Problem] = ()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            directory = Path(tempfile.mkdtemp(prefix="keyhole-simulated-"))
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
            for number, given in enumerate(self._settings.servers):
                self._guests[given.id] = await self._start(given, directory / str(number), stack)
            self._running = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._running.aclose()

    def watch(self) -> AsyncIterator[Change]:
        return unchanging([guest.server for guest in self._guests.values()])

    async def list_now(self) -> Sequence[Server]:
        return [guest.server for guest in self._guests.values()]

    async def find_server(self, server_id: str) -> Server | None:
        guest = self._guests.get(server_id)
        return guest.server if guest else None

    async def locate(self, server_id: str, protocol: Protocol) -> Location:
        guest = self._guest(server_id)
        if protocol not in guest.routes:
            raise ConsoleUnavailable(protocol)
        return Location(guest.server, protocol, guest.routes[protocol].endpoint)

    @holds_nothing
    async def open(self, location: Location, caller: Caller | None) -> Target:
        return self._guest(location.server.id).targets[location.protocol]

    async def screenshot(self, server_id: str, head: int = 0) -> None:
        self._guest(server_id)

    async def console_log(self, server_id: str, lines: int | None) -> bytes:
        return await asyncio.to_thread(read_tail, self._guest(server_id).log, lines)

    async def check(self) -> Sequence[Problem]:
        """One problem for each console whose socket is gone."""
        found = []
        for guest in self._guests.values():
            for protocol, route in guest.routes.items():
                wrong = await probe(route.address, route.socket.directory)
                if wrong is not None:
                    whose = f"Server {guest.server.name} ({guest.server.id}): its {protocol} console"
                    host = str(route.address)
                    found.append(Problem(f"{whose} at {host} {wrong}.", host, "unreachable"))
        self._problems = since(self._problems, found)
        return self._problems

    async def _start(self, given: SimulatedServer, stem: Path, stack: AsyncExitStack) -> _Guest:
        log = SerialLog(stem.with_suffix(".log"))
        password = given.password.get_secret_value() if given.password else None
        rfb = RfbServer(given.name, password=password, misbehave=given.misbehave)
        serial = SerialServer(given.name, log)
        targets, routes = {}, {}
        for protocol, console in ((Protocol.VNC, rfb), (Protocol.SERIAL, serial)):
            stack.push_async_callback(console.close)
            address = await console.start(UnixAddress(str(stem.with_suffix(f".{protocol}"))))
            secret = given.password if protocol is Protocol.VNC else None
            routes[protocol] = Dialled(address, socket=SocketTrust(str(stem.parent)))
            targets[protocol] = Target(protocol, routes[protocol], secret)
        server = Server(
            id=given.id,
            name=given.name,
            project_id=self._context.project_id_of(given.project),
            protocols=frozenset(targets),
            keeps_log=True,
        )
        return _Guest(server, targets, routes, log.path)

    def _guest(self, server_id: str) -> _Guest:
        try:
            return self._guests[server_id]
        except KeyError:
            raise ServerNotFound(server_id) from None
