"""The driver for QEMU processes that are found by their QMP sockets."""

import asyncio
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from pydantic import Field, SecretStr

from keyhole.config import SocketSettings, VncSettings
from keyhole.drivers.common.log_tail import read_tail
from keyhole.drivers.common.password_file import read_password
from keyhole.drivers.qemu.guest import Guest
from keyhole.drivers.qemu.sockets import ProbeResult, QmpSockets
from keyhole.errors import ConsoleUnavailable, KeyholeError, LogUnavailable, ServerBusy, ServerNotFound, Unavailable
from keyhole.model import Address, Protocol, Server, ServerStatus, SocketTrust, Target, UnixAddress
from keyhole.ports.drivers import DriverContext
from keyhole.protocols.text import sanitize

FRESH_SECONDS = 1.0
"""How old a listing may be; a console's address is asked for anew each time."""


class QemuDriver:
    """Guests of QEMU, found by QMP."""

    name = "qemu"

    class Settings(VncSettings, SocketSettings):
        """`[drivers.qemu]`: QEMU processes found by their QMP sockets; what is said of VNC is for all their servers."""

        sockets: str = Field(description="Pattern of the QMP sockets' paths, such as `/run/qemu/*.qmp`.")
        socket_directory: str | None = Field(
            None,
            description="Directory below which the sockets of consoles must lie; below it no link is followed. Unset:"
            " anywhere, and links are followed above the QMP sockets' own directory only.",
        )
        socket_uids: frozenset[int] | None = Field(
            None,
            description="Users (numbers) whose processes may listen on unix sockets and TCP ports. Unset: on a"
            " console's, the one whose QEMU made the QMP socket.",
        )
        project: str = Field("demo", description="Name of the project that the guests belong to.")

    def __init__(self, settings: Settings, context: DriverContext) -> None:
        self._settings = settings
        self._project_id = context.project_id_of(settings.project)
        self._host = socket.gethostname()
        self._sockets = QmpSockets(settings.sockets, settings.socket_uids, encrypted=settings.tls is not None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing stays open between questions."""

    async def list_servers(self) -> Sequence[Server]:
        """Every guest with an identity, in the order of the sockets' paths."""
        guests = _by_id(await self._sockets.scan(FRESH_SECONDS))
        return [self._server(result, guest) for result, guest in guests.values()]

    async def find_server(self, server_id: str) -> Server | None:
        found = _by_id(await self._sockets.scan(FRESH_SECONDS)).get(server_id)
        return self._server(*found) if found else None

    async def console_target(self, server_id: str, protocol: Protocol) -> Target:
        """As in the port. The guest is asked anew, and is the one that was meant: a socket's path may be used again."""
        guest = await self._ask_for(server_id)
        if guest.task_state is not None:
            raise ServerBusy(server_id, guest.task_state)
        if protocol is Protocol.VNC and guest.vnc is not None:
            password = await asyncio.to_thread(self._password) if guest.vnc.wants_password else None
            tls = self._settings.tls.target_tls if self._settings.tls is not None else None
            trust = self._trust_address(guest.vnc.address, guest)
            return Target(protocol, guest.vnc.address, password, self._settings.username, tls, trust)
        if protocol is Protocol.SERIAL and guest.serial is not None:
            return Target(protocol, guest.serial, socket=self._trust_address(guest.serial, guest))
        raise ConsoleUnavailable(protocol)

    async def console_log(self, server_id: str, lines: int | None) -> bytes:
        """As in the port; works for a QEMU that hangs, too. The file is held to the rules of sockets."""
        found = _by_id(await self._sockets.scan(FRESH_SECONDS)).get(server_id)
        if found is None:
            raise ServerNotFound(server_id)
        result, guest = found
        if result.log is None:
            raise LogUnavailable
        trust = self._trust(str(result.log), guest)
        return await asyncio.to_thread(read_tail, result.log, lines, trust)

    async def check(self) -> Sequence[str]:
        results = await self._sockets.scan(FRESH_SECONDS)
        found = [
            f"{_shown(result.path)}: {problem}."
            for result in results.values()
            for problem in (result.problem, *(result.guest.remarks if result.guest else ()))
            if problem
        ]
        found += _doubles(results.values())
        if self._settings.tls is not None and self._settings.tls.warning is not None:
            found.append(f"Every VNC console of the qemu driver {self._settings.tls.warning}.")
        if self._sockets.problem:
            found.append(self._sockets.problem)
        return found

    async def _ask_for(self, server_id: str) -> Guest:
        """The guest as it is now. Raises ServerNotFound, Unavailable."""
        for oldest in (FRESH_SECONDS, 0.0):
            found = _by_id(await self._sockets.scan(oldest)).get(server_id)
            if found is None:
                continue
            path = found[0].path
            try:
                guest = await self._sockets.ask(path)
            except (FileNotFoundError, ConnectionRefusedError):
                continue
            except (OSError, KeyholeError) as error:
                raise Unavailable(f"The QEMU of instance {server_id} does not answer.") from error
            if guest.id == server_id:
                return guest
        raise ServerNotFound(server_id)

    def _trust_address(self, address: Address, guest: Guest) -> SocketTrust:
        return self._trust(address.path if isinstance(address, UnixAddress) else None, guest)

    def _trust(self, path: str | None, guest: Guest) -> SocketTrust:
        """A console's socket or log belongs to who made the QMP socket, and is reached without links from the QMP
        sockets' own folder where it lies there, too."""
        user_ids = self._settings.socket_uids
        if user_ids is None:
            user_ids = frozenset({guest.peer.user_id})
        directory = self._settings.socket_directory
        if directory is None:
            folder = self._sockets.folder
            is_beside = path is not None and PurePosixPath(path).is_relative_to(folder)
            directory = folder if is_beside else "/"
        return SocketTrust(directory, user_ids)

    def _server(self, result: ProbeResult, guest: Guest) -> Server:
        offered = {Protocol.VNC: guest.vnc, Protocol.SERIAL: guest.serial}
        return Server(
            id=guest.id,
            name=guest.name,
            project_id=self._project_id,
            status=guest.status,
            task_state=guest.task_state,
            host=self._host,
            protocols=frozenset(protocol for protocol, console in offered.items() if console is not None),
            created_at=result.created_at,
            memory_mb=guest.memory_mb,
            vcpus=guest.vcpus,
            keeps_log=result.log is not None,
        )

    def _password(self) -> SecretStr | None:
        if self._settings.password_file is None:
            return None
        try:
            return read_password(self._settings.password_file)
        except OSError as error:
            raise Unavailable("The password_file of the qemu driver cannot be read.") from error


def _by_id(results: Mapping[Path, ProbeResult]) -> dict[str, tuple[ProbeResult, Guest]]:
    """The guests by their ids. Of two with one id, as while a guest moves from one QEMU to another, the settled one
    counts, else the first."""
    guests: dict[str, tuple[ProbeResult, Guest]] = {}
    for result in results.values():
        if result.guest is not None:
            _, other = guests.get(result.guest.id, (None, None))
            if other is None or (_settled(result.guest) and not _settled(other)):
                guests[result.guest.id] = (result, result.guest)
    return guests


def _settled(guest: Guest) -> bool:
    """It answers, and is not on its way to or from another QEMU."""
    return guest.task_state is None and guest.status is not ServerStatus.UNKNOWN


def _doubles(results: Iterable[ProbeResult]) -> list[str]:
    """A sentence for each guest whose identity another QEMU process has as well, though neither is on its way."""
    first: dict[str, tuple[Guest, Path]] = {}
    found: list[str] = []
    for result in results:
        guest = result.guest
        if guest is not None and _settled(guest):
            other, other_path = first.setdefault(guest.id, (guest, result.path))
            if other.peer.pid != guest.peer.pid:
                shown = f"{_shown(result.path)}: the UUID {guest.id}"
                found.append(f"{shown} is also that of {_shown(other_path)}, which is used.")
    return found


def _shown(path: Path) -> str:
    return sanitize(bytes(path))
