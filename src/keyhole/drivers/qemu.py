"""The driver for QEMU processes that are found by their QMP sockets.

Every socket is asked on its own, under a deadline, and is let go at once, since QEMU serves one client at a time. A
QEMU that hangs, or whose socket somebody else holds, is named by `troubles` and shown as UNKNOWN if it was seen before;
it never keeps the others from being listed.
"""

import asyncio
import glob
import os
import socket
import stat
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from pydantic import Field, SecretStr

from keyhole.config import SocketSettings, VncSettings
from keyhole.drivers.log_tail import read_tail
from keyhole.drivers.password_file import read_password
from keyhole.drivers.qemu_guest import Guest, ask_guest
from keyhole.drivers.qemu_log import log_path
from keyhole.drivers.qmp_session import open_qmp
from keyhole.errors import ConsoleUnavailable, KeyholeError, LogUnavailable, ServerBusy, ServerNotFound, Unavailable
from keyhole.model import Address, Protocol, Server, ServerStatus, SocketTrust, Target, UnixAddress
from keyhole.ports import DriverContext
from keyhole.protocols.peer_text import printable

ASK_SECONDS = 2.0
"""How long one QEMU may take to answer all questions."""

FRESH_SECONDS = 1.0
"""How old a listing may be; a console's address is asked for anew each time."""

SILENT_SECONDS = 10.0
"""How long a QEMU that did not answer in time is not asked again for a listing."""

MAX_SOCKETS = 1024
MAX_ASKED_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class _Sighting:
    """What was found at one socket: a guest, a trouble, or both. `at` is the loop's clock, `log` the serial log."""

    path: Path
    at: float
    guest: Guest | None = None
    created_at: float = 0.0
    trouble: str = ""
    silent: bool = False
    log: Path | None = None


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
            description="Users (numbers) whose processes may listen on unix sockets. Unset: on a console's socket, the"
            " one whose QEMU made the QMP socket.",
        )
        project: str = Field("demo", description="Name of the project that the guests belong to.")

    def __init__(self, settings: Settings, context: DriverContext) -> None:
        self._settings = settings
        self._project_id = context.project_id_of(settings.project)
        self._host = socket.gethostname()
        self._directory = _folder_of(settings.sockets)
        self._scanning = asyncio.Lock()
        self._asking = asyncio.Semaphore(MAX_ASKED_AT_ONCE)
        self._taken: dict[Path, asyncio.Lock] = {}
        self._sightings: Mapping[Path, _Sighting] = {}
        self._scanned_at = float("-inf")
        self._too_many = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing stays open between questions."""

    async def list_servers(self) -> Sequence[Server]:
        """Every guest with an identity, in the order of the sockets' paths."""
        guests = _by_id(await self._scan(FRESH_SECONDS))
        return [self._server(sighting, guest) for sighting, guest in guests.values()]

    async def find_server(self, server_id: str) -> Server | None:
        found = _by_id(await self._scan(FRESH_SECONDS)).get(server_id)
        return self._server(*found) if found else None

    async def console_target(self, server_id: str, protocol: Protocol) -> Target:
        """As in the port. The guest is asked anew, and is the one that was meant: a socket's path may be used again."""
        guest = await self._ask_for(server_id)
        if guest.task_state is not None:
            raise ServerBusy(server_id, guest.task_state)
        if protocol is Protocol.VNC and guest.vnc is not None:
            password = await asyncio.to_thread(self._password) if guest.vnc.wants_password else None
            tls = self._settings.tls.target_tls if self._settings.tls is not None else None
            trust = self._trust(guest.vnc.address, guest)
            return Target(protocol, guest.vnc.address, password, self._settings.username, tls, trust)
        if protocol is Protocol.SERIAL and guest.serial is not None:
            return Target(protocol, guest.serial, socket=self._trust(guest.serial, guest))
        raise ConsoleUnavailable(protocol)

    async def console_log(self, server_id: str, lines: int | None) -> bytes:
        """As in the port; works for a QEMU that hangs, too. Only a file of QEMU's own user is read."""
        found = _by_id(await self._scan(FRESH_SECONDS)).get(server_id)
        if found is None:
            raise ServerNotFound(server_id)
        sighting, guest = found
        if sighting.log is None:
            raise LogUnavailable
        return await asyncio.to_thread(read_tail, sighting.log, lines, owner=guest.peer.user_id)

    async def troubles(self) -> Sequence[str]:
        sightings = await self._scan(FRESH_SECONDS)
        found = [
            f"{_shown(sighting.path)}: {trouble}."
            for sighting in sightings.values()
            for trouble in (sighting.trouble, *(sighting.guest.remarks if sighting.guest else ()))
            if trouble
        ]
        found += _doubles(sightings.values())
        if self._settings.tls is not None and self._settings.tls.warning is not None:
            found.append(f"Every VNC console of the qemu driver {self._settings.tls.warning}.")
        if self._too_many:
            found.append(f"{self._settings.sockets} matches more than {MAX_SOCKETS} sockets; the others are left out.")
        return found

    async def _ask_for(self, server_id: str) -> Guest:
        """The guest as it is now. Raises ServerNotFound, Unavailable."""
        for oldest in (FRESH_SECONDS, 0.0):
            found = _by_id(await self._scan(oldest)).get(server_id)
            if found is None:
                continue
            path = found[0].path
            try:
                guest = await self._ask(path)
            except (FileNotFoundError, ConnectionRefusedError):
                continue
            except (OSError, KeyholeError) as error:
                raise Unavailable(f"The QEMU of instance {server_id} does not answer.") from error
            if guest.id == server_id:
                return guest
        raise ServerNotFound(server_id)

    async def _scan(self, oldest_seconds: float) -> Mapping[Path, _Sighting]:
        """What is at each socket, no older than that; those who come meanwhile wait for the same answer."""
        asked_at = _now()
        async with self._scanning:
            if self._scanned_at < asked_at - oldest_seconds:
                paths = sorted(Path(name) for name in glob.iglob(self._settings.sockets))
                self._too_many = len(paths) > MAX_SOCKETS
                paths = paths[:MAX_SOCKETS]
                started_at = _now()
                found = await asyncio.gather(*(self._look(path) for path in paths))
                self._sightings = {sighting.path: sighting for sighting in found}
                self._scanned_at = started_at
                self._taken = {path: lock for path, lock in self._taken.items() if path in self._sightings}
            return self._sightings

    async def _look(self, path: Path) -> _Sighting:
        before = self._sightings.get(path)
        if before is not None and before.silent and _now() - before.at < SILENT_SECONDS:
            return before
        now = _now()
        try:
            made_at = _made_at(path)
            if made_at is None:
                return _Sighting(path, now, trouble="not a socket")
            guest = await self._ask(path)
        except FileNotFoundError:
            return _Sighting(path, now)
        except ConnectionRefusedError:
            return _Sighting(path, now, trouble="nobody listens here, QEMU has ended")
        except TimeoutError:
            known = replace(before.guest, status=ServerStatus.UNKNOWN) if before is not None and before.guest else None
            created_at, log = (before.created_at, before.log) if before is not None else (0.0, None)
            trouble = "no answer in time: another client holds the socket, or QEMU hangs"
            return _Sighting(path, now, known, created_at, trouble, silent=True, log=log)
        except OSError as error:
            return _Sighting(path, now, trouble=f"cannot be asked, {error.strerror or error}")
        except KeyholeError as error:
            return _Sighting(path, now, trouble=str(error).rstrip("."))
        return _Sighting(path, now, guest, made_at, log=await asyncio.to_thread(_log_of, guest))

    async def _ask(self, path: Path) -> Guest:
        """Asks one QEMU when none of us holds its socket. Raises TimeoutError beside what `ask_guest` raises."""
        turn = self._taken.setdefault(path, asyncio.Lock())
        trust = SocketTrust(self._directory, self._settings.socket_uids)
        async with turn, self._asking, asyncio.timeout(ASK_SECONDS), open_qmp(path, trust) as qmp:
            default_name = printable(os.fsencode(path.stem))
            return await ask_guest(qmp, default_name, encrypted=self._settings.tls is not None)

    def _trust(self, address: Address, guest: Guest) -> SocketTrust:
        """A console's socket belongs to who made the QMP socket, and is reached without links from the QMP sockets' own
        folder where it lies there, too."""
        user_ids = self._settings.socket_uids
        if user_ids is None:
            user_ids = frozenset({guest.peer.user_id})
        directory = self._settings.socket_directory
        if directory is None:
            is_beside = isinstance(address, UnixAddress) and PurePosixPath(address.path).is_relative_to(self._directory)
            directory = self._directory if is_beside else "/"
        return SocketTrust(directory, user_ids)

    def _server(self, sighting: _Sighting, guest: Guest) -> Server:
        offered = {Protocol.VNC: guest.vnc, Protocol.SERIAL: guest.serial}
        return Server(
            id=guest.id,
            name=guest.name,
            project_id=self._project_id,
            status=guest.status,
            task_state=guest.task_state,
            host=self._host,
            protocols=frozenset(protocol for protocol, console in offered.items() if console is not None),
            created_at=sighting.created_at,
            memory_mb=guest.memory_mb,
            vcpus=guest.vcpus,
            keeps_log=sighting.log is not None,
        )

    def _password(self) -> SecretStr | None:
        if self._settings.password_file is None:
            return None
        try:
            return read_password(self._settings.password_file)
        except OSError as error:
            raise Unavailable("The password_file of the qemu driver cannot be read.") from error


def _folder_of(pattern: str) -> str:
    """The part of a pattern of paths that is the same for all: the folders before the first wildcard."""
    folder = Path(pattern).parent
    while glob.has_magic(str(folder)):
        folder = folder.parent
    return str(folder)


def _by_id(sightings: Mapping[Path, _Sighting]) -> dict[str, tuple[_Sighting, Guest]]:
    """The guests by their ids. Of two with one id, as while a guest moves from one QEMU to another, the settled one
    counts, else the first."""
    guests: dict[str, tuple[_Sighting, Guest]] = {}
    for sighting in sightings.values():
        if sighting.guest is not None:
            _, other = guests.get(sighting.guest.id, (None, None))
            if other is None or (_settled(sighting.guest) and not _settled(other)):
                guests[sighting.guest.id] = (sighting, sighting.guest)
    return guests


def _settled(guest: Guest) -> bool:
    """It answers, and is not on its way to or from another QEMU."""
    return guest.task_state is None and guest.status is not ServerStatus.UNKNOWN


def _doubles(sightings: Iterable[_Sighting]) -> list[str]:
    """A sentence for each guest whose identity another QEMU process has as well, though neither is on its way."""
    first: dict[str, tuple[Guest, Path]] = {}
    found: list[str] = []
    for sighting in sightings:
        guest = sighting.guest
        if guest is not None and _settled(guest):
            other, other_path = first.setdefault(guest.id, (guest, sighting.path))
            if other.peer.pid != guest.peer.pid:
                shown = f"{_shown(sighting.path)}: the UUID {guest.id}"
                found.append(f"{shown} is also that of {_shown(other_path)}, which is used.")
    return found


def _log_of(guest: Guest) -> Path | None:
    """Where the guest's serial log is, None when it has none. Blocks."""
    try:
        return log_path(guest.peer, guest.serial_label) if guest.serial_label is not None else None
    except LogUnavailable:
        return None


def _made_at(path: Path) -> float | None:
    """When the socket was made, in seconds since the epoch; None for what is no socket, a link to one included."""
    facts = path.lstat()
    return facts.st_mtime if stat.S_ISSOCK(facts.st_mode) else None


def _shown(path: Path) -> str:
    return printable(bytes(path))


def _now() -> float:
    """Not the loop's time, which stands still between two turns of uvloop: what was seen just before would be new."""
    return time.monotonic()
