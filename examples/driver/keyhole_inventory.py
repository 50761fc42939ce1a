"""A Keyhole driver for machines that stand in an inventory: a CSV file that a spreadsheet, NetBox or a script writes.

The first line names the columns: `id`, `name`, `project`, `vnc`, `serial`, `log`; others are passed over. The file is
read again when it changed. A line that cannot be used is named in /readyz, and its machine is left out.
"""

import asyncio
import csv
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

from pydantic import Field

from keyhole.config import DriverSettings
from keyhole.drivers.common.log_tail import read_tail
from keyhole.drivers.common.problems import since
from keyhole.errors import ConsoleUnavailable, LogUnavailable, ServerNotFound, Unavailable
from keyhole.model import Change, Dialled, Facts, Location, OwnerRule, OwnerSource, Protocol, Server, Target
from keyhole.net.addresses import parse_target_url
from keyhole.ports.drivers import Caller, DriverContext, Problem, polled
from keyhole.ports.opened_targets import holds_nothing

MAX_FILE_BYTES = 16 << 20
"""A file that is longer is not read."""

_ID = re.compile(r"[0-9A-Za-z._-]{1,255}")


@dataclass(frozen=True)
class Machine:
    """One line of the inventory."""

    server: Server
    routes: Mapping[Protocol, Dialled]
    log: Path | None


@dataclass(frozen=True)
class Inventory:
    """The file as it was when it had that stamp (time of change and size), and what is wrong in it."""

    stamp: tuple[int, int] = (0, -1)
    machines: Mapping[str, Machine] = field(default_factory=dict)
    servers: tuple[Server, ...] = ()
    problems: tuple[Problem, ...] = ()


class InventoryDriver:
    """Machines of an inventory. Nothing stays open between questions."""

    class Settings(DriverSettings):
        """`[drivers.inventory]`: machines of a CSV file."""

        file: Path = Field(description="The inventory.")
        project: str = Field("demo", description="The project of the machines whose line names none.")
        poll_seconds: Annotated[float, Field(ge=1)] = Field(5, description="How often the file is looked at.")

    def __init__(self, settings: Settings, context: DriverContext) -> None:
        context.project_id_of(settings.project)
        self.name = context.name
        self._settings = settings
        self._context = context
        self._owner = (OwnerRule(OwnerSource.KEY, "project"), OwnerRule(OwnerSource.CONSTANT, settings.project))
        self._inventory = Inventory()
        self._problems: Sequence[Problem] = ()
        self._reading = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None

    def watch(self) -> AsyncIterator[Change]:
        return polled(self.list_now, self._settings.poll_seconds)

    async def list_now(self) -> Sequence[Server]:
        return (await self._current()).servers

    async def find_server(self, server_id: str) -> Server | None:
        machine = (await self._current()).machines.get(server_id)
        return machine.server if machine else None

    async def locate(self, server_id: str, protocol: Protocol) -> Location:
        machine = await self._machine(server_id)
        route = machine.routes.get(protocol)
        if route is None:
            raise ConsoleUnavailable(protocol)
        return Location(machine.server, protocol, route.endpoint, detail=route)

    @holds_nothing
    async def open(self, location: Location, caller: Caller | None) -> Target:
        # What was located is opened, not what the file says by now: Keyhole compared its place with the link's.
        if not isinstance(location.detail, Dialled):
            raise ConsoleUnavailable(location.protocol)
        return Target(location.protocol, location.detail)

    async def console_log(self, server_id: str, lines: int | None) -> bytes:
        machine = await self._machine(server_id)
        if machine.log is None:
            raise LogUnavailable
        return await asyncio.to_thread(read_tail, machine.log, lines)

    async def screenshot(self, server_id: str, head: int = 0) -> None:
        await self._machine(server_id)

    async def check(self) -> Sequence[Problem]:
        try:
            found = (await self._current()).problems
        except Unavailable as problem:
            found = (Problem(str(problem), str(self._settings.file), "unreadable"),)
        self._problems = since(self._problems, found)
        return self._problems

    async def _machine(self, server_id: str) -> Machine:
        machine = (await self._current()).machines.get(server_id)
        if machine is None:
            raise ServerNotFound(server_id)
        return machine

    async def _current(self) -> Inventory:
        """The file as it is now. Raises Unavailable."""
        async with self._reading:
            try:
                self._inventory = await asyncio.to_thread(self._read, self._inventory)
            except (OSError, ValueError, csv.Error) as error:
                raise Unavailable(f"The inventory {self._settings.file} cannot be read: {error}.") from error
            return self._inventory

    def _read(self, before: Inventory) -> Inventory:
        with self._settings.file.open(encoding="utf-8", newline="") as file:
            facts = os.fstat(file.fileno())
            stamp = (facts.st_mtime_ns, facts.st_size)
            if stamp == before.stamp:
                return before
            if facts.st_size > MAX_FILE_BYTES:
                raise ValueError(f"it has more than {MAX_FILE_BYTES} bytes")
            machines: dict[str, Machine] = {}
            problems: list[Problem] = []
            reader = csv.DictReader(file, restval="")
            for row in reader:
                try:
                    machine = self._machine_of(row)
                    if machine.server.id in machines:
                        raise ValueError(f"the id {machine.server.id} is listed twice")
                    machines[machine.server.id] = machine
                except ValueError as error:
                    place = f"{self._settings.file}:{reader.line_num}"
                    problems.append(Problem(f"{place}: {error}.", place, "unusable_line"))
        return Inventory(stamp, machines, tuple(one.server for one in machines.values()), tuple(problems))

    def _machine_of(self, row: Mapping[str, str]) -> Machine:
        """Raises ValueError, which says what is wrong."""
        if not _ID.fullmatch(row.get("id", "")):
            raise ValueError("the column id must have 1 to 255 letters, digits, dots, hyphens or underscores")
        routes = {
            protocol: Dialled(parse_target_url(row[column]))
            for protocol, column in ((Protocol.VNC, "vnc"), (Protocol.SERIAL, "serial"))
            if row.get(column)
        }
        log = row.get("log") or None
        server = Server(
            id=row["id"],
            name=row.get("name") or row["id"],
            project_id=self._context.owner_of(Facts(keys={"project": row.get("project", "")}), self._owner),
            protocols=frozenset(routes),
            keeps_log=log is not None,
        )
        return Machine(server, routes, Path(log) if log else None)
