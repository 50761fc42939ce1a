"""Scans the QMP sockets: each is queried separately and under a deadline.

A QEMU serves one client at a time, so each connection is closed at once. A QEMU that hangs, or whose socket is in use
by another program, is reported as a problem and shown as UNKNOWN if it was seen before; it never hides the others.
"""

import asyncio
import glob
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from keyhole.drivers.qemu.guest import Guest, ask_guest
from keyhole.drivers.qemu.log import log_path
from keyhole.drivers.qemu.qmp_session import open_qmp
from keyhole.errors import KeyholeError, LogUnavailable
from keyhole.model import ServerStatus, SocketTrust
from keyhole.net.tasks import TaskSet
from keyhole.protocols.text import sanitize

ASK_SECONDS = 2.0
"""How long one QEMU may take to answer all commands."""

UNRESPONSIVE_SECONDS = 10.0
"""How long a QEMU that did not answer in time is not queried again for a listing."""

MAX_SOCKETS = 1024
MAX_ASKED_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What was found at one socket: a guest, a problem, or both. `at` is the monotonic clock, `log` the serial log.

    `stopped` says that the guest's QEMU has ended: the guest is the last one that was seen there.
    """

    path: Path
    at: float
    guest: Guest | None = None
    created_at: float = 0.0
    problem: str = ""
    unresponsive: bool = False
    log: Path | None = None
    stopped: bool = False


class QmpSockets:
    """The sockets that a pattern of paths matches."""

    def __init__(self, pattern: str, user_ids: frozenset[int] | None, *, encrypted: bool) -> None:
        self.folder = _folder_of(pattern)
        """The folder that contains all of them."""
        self.problem = ""
        """A sentence if the last scan left sockets out."""
        self._pattern = pattern
        self._trust = SocketTrust(self.folder, user_ids)
        self._encrypted = encrypted
        self._scans = TaskSet()
        self._scanning: asyncio.Task[None] | None = None
        self._asking = asyncio.Semaphore(MAX_ASKED_AT_ONCE)
        self._taken: dict[Path, asyncio.Lock] = {}
        self._results: Mapping[Path, ProbeResult] = {}
        self._scanned_at = float("-inf")

    async def scan(self, oldest_seconds: float) -> Mapping[Path, ProbeResult]:
        """What is at each socket, no older than that; concurrent callers wait for the same result.

        A scan continues if its caller stops waiting: otherwise sockets that hang would never be recognized.
        """
        asked_at = _now()
        while self._scanned_at < asked_at - oldest_seconds:
            if self._scanning is None or self._scanning.done():
                self._scanning = self._scans.start(self._scan_all())
            await asyncio.shield(self._scanning)
        return self._results

    async def close(self) -> None:
        """Ends a running scan."""
        await self._scans.cancel()

    async def _scan_all(self) -> None:
        paths = self._paths()
        left_out = f"{self._pattern} matches more than {MAX_SOCKETS} sockets; the others are left out."
        self.problem = left_out if len(paths) > MAX_SOCKETS else ""
        started_at = _now()
        found = await asyncio.gather(*(self._probe(path) for path in paths[:MAX_SOCKETS]))
        self._results = {result.path: result for result in found}
        self._scanned_at = started_at
        self._taken = {path: lock for path, lock in self._taken.items() if path in self._results}

    def _paths(self) -> list[Path]:
        """A socket that is named without wildcards is included even if it does not exist."""
        if not glob.has_magic(self._pattern):
            return [Path(self._pattern)]
        return sorted(Path(name) for name in glob.iglob(self._pattern))

    async def _probe(self, path: Path) -> ProbeResult:
        before = self._results.get(path)
        if before is not None and before.unresponsive and _now() - before.at < UNRESPONSIVE_SECONDS:
            return before
        now = _now()
        try:
            made_at = _made_at(path)
            if made_at is None:
                return ProbeResult(path, now, problem="not a socket")
            guest = await self.ask(path)
        except FileNotFoundError:
            return _stopped(before, ProbeResult(path, now))
        except ConnectionRefusedError:
            return _stopped(before, ProbeResult(path, now, problem="nobody listens here, QEMU has ended"))
        except TimeoutError:
            known = replace(before.guest, status=ServerStatus.UNKNOWN) if before is not None and before.guest else None
            created_at, log = (before.created_at, before.log) if before is not None else (0.0, None)
            problem = "no answer in time: another client holds the socket, or QEMU hangs"
            return ProbeResult(path, now, known, created_at, problem, unresponsive=True, log=log)
        except OSError as error:
            return ProbeResult(path, now, problem=f"cannot be queried: {error.strerror or error}")
        except KeyholeError as error:
            return ProbeResult(path, now, problem=str(error).rstrip("."))
        return ProbeResult(path, now, guest, made_at, log=await asyncio.to_thread(_log_of, guest))

    async def ask(self, path: Path) -> Guest:
        """Queries one QEMU when no worker uses its socket. Raises TimeoutError and what `ask_guest` raises."""
        turn = self._taken.setdefault(path, asyncio.Lock())
        async with turn, self._asking, asyncio.timeout(ASK_SECONDS), open_qmp(path, self._trust) as qmp:
            default_name = sanitize(os.fsencode(path.stem))
            return await ask_guest(qmp, default_name, encrypted=self._encrypted, user_ids=self._trust.user_ids)


def _stopped(before: ProbeResult | None, now: ProbeResult) -> ProbeResult:
    """A guest that was seen at a socket where QEMU no longer answers is off."""
    if before is None or before.guest is None:
        return now
    guest = replace(before.guest, status=ServerStatus.SHUTOFF)
    return replace(now, guest=guest, created_at=before.created_at, log=before.log, stopped=True)


def _folder_of(pattern: str) -> str:
    """The common part of a pattern of paths: the folders before the first wildcard."""
    folder = Path(pattern).parent
    while glob.has_magic(str(folder)):
        folder = folder.parent
    return str(folder)


def _log_of(guest: Guest) -> Path | None:
    """Where the guest's serial log is; None if it has none. Blocks."""
    try:
        return log_path(guest.peer, guest.serial_label) if guest.serial_label is not None else None
    except LogUnavailable:
        return None


def _made_at(path: Path) -> float | None:
    """When the socket was created, in seconds since the epoch; None if it is not a socket, including a link to one."""
    facts = path.lstat()
    return facts.st_mtime if stat.S_ISSOCK(facts.st_mode) else None


def _now() -> float:
    """Not the loop's time, which does not advance within an iteration of uvloop: an earlier result would seem new."""
    return time.monotonic()
