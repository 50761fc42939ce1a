"""The driver for QEMU processes that are found by their QMP sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from types import TracebackType
from typing import Annotated, Self

from pydantic import Field, SecretStr

from keyhole.config import DriverSettings, SocketSettings, VncSettings
from keyhole.drivers.common.log_tail import read_tail
from keyhole.drivers.common.password_file import read_password
from keyhole.drivers.common.problems import since
from keyhole.drivers.qemu.guest import Guest
from keyhole.drivers.qemu.guests import Guests, Seen
from keyhole.drivers.qemu.sockets import QmpSockets
from keyhole.errors import (
    ConsoleUnavailable,
    KeyholeError,
    LogUnavailable,
    ServerBusy,
    ServerNotFound,
    ServerNotReady,
    Unavailable,
)
from keyhole.model import (
    Address,
    Change,
    Dialled,
    Facts,
    Location,
    OwnerRule,
    OwnerSource,
    Protocol,
    Server,
    ServerStatus,
    SocketTrust,
    Target,
    Traits,
    UnixAddress,
)
from keyhole.ports.drivers import Caller, DriverContext, Problem, polled
from keyhole.ports.opened_targets import holds_nothing

FRESH_SECONDS = 1.0
"""How old a listing may be; a console's address is requested each time."""

_ONE_LINE = Traits(max_lines=1, newcomer="hangs")
"""A chardev serves one client; further clients wait in the socket's queue."""


@dataclass(frozen=True, slots=True)
class _Access:
    """How a console is opened, without the password: whether its VNC server asks for one."""

    target: Target
    wants_password: bool = False


class QemuDriver:
    """Guests of QEMU, found by QMP."""

    class Settings(DriverSettings, VncSettings, SocketSettings):
        """`[drivers.qemu]`: QEMU processes found by their QMP sockets; the VNC settings apply to all their servers."""

        sockets: str = Field(description="Pattern of the QMP sockets' paths, such as `/run/qemu/*.qmp`.")
        socket_directory: str | None = Field(
            None,
            description="Directory that must contain the sockets of consoles; below it no link is followed. Unset: any"
            " directory, and links are only followed above the QMP sockets' own directory.",
        )
        socket_uids: frozenset[int] | None = Field(
            None,
            description="Numeric ids of users whose processes may listen on unix sockets and TCP ports. Unset: for a"
            " console, the user whose QEMU created the QMP socket.",
        )
        project: str = Field("demo", description="Name of the project that the guests belong to.")
        poll_seconds: Annotated[float, Field(ge=1)] = Field(
            30, description="How often the sockets are scanned while there are no requests about servers."
        )

    def __init__(self, settings: Settings, context: DriverContext) -> None:
        context.project_id_of(settings.project)
        self.name = context.name
        self._settings = settings
        self._context = context
        self._owner = (OwnerRule(OwnerSource.CONSTANT, settings.project),)
        self._host = socket.gethostname()
        self._sockets = QmpSockets(settings.sockets, settings.socket_uids, encrypted=settings.tls is not None)
        self._problems: Sequence[Problem] = ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._sockets.close()

    def watch(self) -> AsyncIterator[Change]:
        return polled(self.list_now, self._settings.poll_seconds)

    async def list_now(self) -> Sequence[Server]:
        """Every guest with an id, in the order of the sockets' paths."""
        guests = await self._guests(FRESH_SECONDS)
        return [self._server(seen) for seen in guests]

    async def find_server(self, server_id: str) -> Server | None:
        seen = (await self._guests(FRESH_SECONDS)).find(server_id)
        return self._server(seen) if seen else None

    async def locate(self, server_id: str, protocol: Protocol) -> Location:
        """As in the port. The guest is asked again, and its id is checked: a socket's path may be reused.

        If two QEMU processes have the guest's id, neither is used: ServerNotReady.
        """
        seen = await self._ask_for(server_id)
        guest = seen.guest
        if guest.task_state is not None:
            raise ServerBusy(server_id, guest.task_state)
        if protocol is Protocol.VNC and guest.vnc is not None:
            route = Dialled(guest.vnc.address, socket=self._trust_address(guest.vnc.address, guest))
            tls = self._settings.tls.target_tls if self._settings.tls is not None else None
            target = Target(protocol, route, user_name=self._settings.username, tls=tls)
            way, traits = _Access(target, guest.vnc.wants_password), Traits()
        elif protocol is Protocol.SERIAL and guest.serial is not None:
            route = Dialled(guest.serial, socket=self._trust_address(guest.serial, guest))
            way, traits = _Access(Target(protocol, route)), _ONE_LINE
        else:
            raise ConsoleUnavailable(protocol)
        return Location(self._server(seen), protocol, route.endpoint, traits, way)

    @holds_nothing
    async def open(self, location: Location, caller: Caller | None) -> Target:
        way = location.detail
        if not isinstance(way, _Access):
            raise ConsoleUnavailable(location.protocol)
        password = await asyncio.to_thread(self._password) if way.wants_password else None
        return replace(way.target, password=password)

    async def console_log(self, server_id: str, lines: int | None) -> bytes:
        """As in the port; also works for a QEMU that hangs or has ended. The file must meet the rules for sockets."""
        seen = (await self._guests(FRESH_SECONDS)).find(server_id)
        if seen is None:
            raise ServerNotFound(server_id)
        log = seen.result.log
        if log is None or seen.is_double:
            raise LogUnavailable
        trust = self._trust(str(log), seen.guest)
        return await asyncio.to_thread(read_tail, log, lines, trust)

    async def screenshot(self, server_id: str, head: int = 0) -> None:
        if await self.find_server(server_id) is None:
            raise ServerNotFound(server_id)

    async def check(self) -> Sequence[Problem]:
        guests = await self._guests(FRESH_SECONDS)
        found = list(guests.problems())
        if self._settings.tls is not None and self._settings.tls.warning is not None:
            sentence = f"Every VNC console of the {self.name} driver {self._settings.tls.warning}."
            found.append(Problem(sentence, code="insecure"))
        if self._sockets.problem:
            found.append(Problem(self._sockets.problem, code="too_many_sockets"))
        self._problems = since(self._problems, found)
        return self._problems

    async def _guests(self, oldest_seconds: float) -> Guests:
        return Guests(await self._sockets.scan(oldest_seconds))

    async def _ask_for(self, server_id: str) -> Seen:
        """The guest as it is now. Raises ServerNotFound, ServerNotReady, Unavailable."""
        for oldest in (FRESH_SECONDS, 0.0):
            seen = (await self._guests(oldest)).find(server_id)
            if seen is None:
                continue
            if seen.is_double:
                raise ServerNotReady(server_id)
            try:
                guest = await self._sockets.ask(seen.result.path)
            except (FileNotFoundError, ConnectionRefusedError):
                continue
            except (OSError, KeyholeError) as error:
                raise Unavailable(f"The QEMU of instance {server_id} does not answer.") from error
            if guest.id == server_id:
                return replace(seen, guest=guest)
        if seen is not None and seen.result.stopped:
            raise ServerNotReady(server_id)
        raise ServerNotFound(server_id)

    def _trust_address(self, address: Address, guest: Guest) -> SocketTrust:
        return self._trust(address.path if isinstance(address, UnixAddress) else None, guest)

    def _trust(self, path: str | None, guest: Guest) -> SocketTrust:
        """A console's socket or log must belong to the user that created the QMP socket, and no link is followed below
        the QMP sockets' folder if it is in there.
        """
        user_ids = self._settings.socket_uids
        if user_ids is None:
            user_ids = frozenset({guest.peer.user_id})
        directory = self._settings.socket_directory
        if directory is None:
            folder = self._sockets.folder
            is_beside = path is not None and PurePosixPath(path).is_relative_to(folder)
            directory = folder if is_beside else "/"
        return SocketTrust(directory, user_ids)

    def _server(self, seen: Seen) -> Server:
        guest = seen.guest
        offered = {Protocol.VNC: guest.vnc, Protocol.SERIAL: guest.serial}
        server = Server(
            id=guest.id,
            name=guest.name,
            project_id=self._context.owner_of(Facts(name=guest.name), self._owner),
            status=guest.status,
            task_state=guest.task_state,
            host=self._host,
            protocols=frozenset(protocol for protocol, console in offered.items() if console is not None),
            created_at=seen.result.created_at,
            memory_mb=guest.memory_mb,
            vcpus=guest.vcpus,
            keeps_log=seen.result.log is not None,
        )
        if seen.is_double:
            return replace(server, status=ServerStatus.UNKNOWN, protocols=frozenset(), keeps_log=False)
        return server

    def _password(self) -> SecretStr | None:
        if self._settings.password_file is None:
            return None
        try:
            return read_password(self._settings.password_file)
        except OSError as error:
            raise Unavailable(f"The password_file of the {self.name} driver cannot be read.") from error
