"""Which servers there are, who may see them and where their consoles are.

One view over all drivers. A server of another project does not exist for anyone but an admin: the answer is
ServerNotFound, never Forbidden.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from keyhole.core.server_index import ServerIndex
from keyhole.errors import Refusal, ServerNotFound, ServerNotReady, ServerReassigned, Unavailable
from keyhole.model import ConsoleType, Identity, Location, Server, ServerStatus
from keyhole.net.deadline import within
from keyhole.ports.drivers import HypervisorDriver

ANSWER_SECONDS = 5.0
"""How long a driver may take to say whether it has a server."""

Found = TypeVar("Found")


class Servers:
    """The servers of all drivers, as one identity may see them."""

    def __init__(self, index: ServerIndex) -> None:
        self._index = index

    async def list_for(self, identity: Identity, *, all_projects: bool = False) -> list[Server]:
        """The servers of the identity's project, or of every project if an admin requests them.

        A driver that does not answer is left out here and reported by /readyz: one dead host must not hide the others.
        Raises Unavailable when no driver answers at all.
        """
        everything = all_projects and identity.is_admin
        drivers = await self._index.refresh()
        silences = [known.silence for known in drivers]
        if silences and all(silences):
            raise Unavailable(silences[0])
        found: dict[str, Server] = {}
        for known in drivers:
            for server in known.servers:
                found[server.id] = _contested(found[server.id]) if server.id in found else server
        return [server for server in found.values() if everything or server.project_id == identity.project_id]

    async def find(self, server_id: str) -> tuple[HypervisorDriver, Server]:
        """The server as it is now and the driver that has it, for any caller.

        Asks the driver that reported it, or all drivers at once: one that does not answer delays nobody longer than
        ANSWER_SECONDS. Raises ServerNotFound, or Unavailable when a driver that might have it does not answer.
        """
        (driver, server), *others = await self._claims(server_id)
        return driver, _contested(server) if others else server

    async def find_for(self, identity: Identity, server_id: str) -> tuple[HypervisorDriver, Server]:
        """Like `find`, for one identity: a server of another project is ServerNotFound, except for an admin."""
        driver, server = await self.find(server_id)
        if not _may_see(identity, server):
            raise ServerNotFound(server_id)
        return driver, server

    async def locate(
        self, server_id: str, project_id: str, console_type: ConsoleType, driver: str
    ) -> tuple[HypervisorDriver, Location]:
        """Where a console that was requested in a project is now, from the driver that had it then ("": any).

        Raises ServerNotFound; ServerReassigned when the server is in another project now; ServerNotReady,
        ServerBusy, ConsoleUnavailable, Unavailable.
        """

        def check(server: Server) -> None:
            if server.project_id != project_id:
                raise ServerReassigned(server_id)

        return await self._locate(server_id, console_type, check, driver)

    async def locate_for(
        self, identity: Identity, server_id: str, console_type: ConsoleType
    ) -> tuple[HypervisorDriver, Location]:
        """Where a server's console is, for one identity: another project's is ServerNotFound. Raises as `locate`."""

        def check(server: Server) -> None:
            if not _may_see(identity, server):
                raise ServerNotFound(server_id)

        return await self._locate(server_id, console_type, check)

    async def log(self, identity: Identity, server_id: str, lines: int | None) -> bytes:
        """The end of a server's serial log. Raises as `HypervisorDriver.console_log`, ServerNotReady, Unavailable."""
        (driver, server), *others = await self._claims(server_id)
        if not _may_see(identity, server):
            raise ServerNotFound(server_id)
        if others or len(self._index.claimants(server_id)) > 1:
            raise ServerNotReady(server_id)
        return await driver.console_log(server.id, lines)

    async def sentences(self, driver: HypervisorDriver) -> Sequence[str]:
        """The problems of a driver. Raises Unavailable."""
        return [problem.sentence for problem in await self._index.problems(driver)]

    async def _locate(
        self,
        server_id: str,
        console_type: ConsoleType,
        check: Callable[[Server], None],
        driver: str = "",
    ) -> tuple[HypervisorDriver, Location]:
        """Raises what `check` raises of the server, even if its driver refuses the console: that refusal would disclose
        the server's state.
        """
        protocol = console_type.protocol
        try:
            (found, location), *others = await self._ask(server_id, lambda one: one.locate(server_id, protocol), driver)
        except (ServerNotFound, Unavailable):
            raise
        except Refusal:
            (_, server), *_ = await self._claims(server_id, driver)
            check(server)
            raise
        check(location.server)
        if others or len(self._index.claimants(server_id)) > 1:
            raise ServerNotReady(server_id)
        return found, location

    async def _claims(self, server_id: str, driver: str = "") -> list[tuple[HypervisorDriver, Server]]:
        return await self._ask(server_id, lambda one: one.find_server(server_id), driver)

    async def _ask(
        self,
        server_id: str,
        question: Callable[[HypervisorDriver], Coroutine[Any, Any, Found | None]],
        driver: str = "",
    ) -> list[tuple[HypervisorDriver, Found]]:
        """The answers of the drivers that have a server: at least one. Raises ServerNotFound, Unavailable, and what the
        only driver that has it raises.
        """
        drivers = self._index.drivers
        if driver:
            return await _answers(server_id, [drivers[driver]] if driver in drivers else [], question)
        claimants = self._index.claimants(server_id)
        if claimants:
            try:
                return await _answers(server_id, claimants, question)
            except ServerNotFound:
                pass  # It belongs to another driver now, or to none.
        asked = {one.name for one in claimants}
        return await _answers(server_id, [one for name, one in drivers.items() if name not in asked], question)


async def _answers(
    server_id: str,
    drivers: Sequence[HypervisorDriver],
    question: Callable[[HypervisorDriver], Coroutine[Any, Any, Found | None]],
) -> list[tuple[HypervisorDriver, Found]]:
    if len(drivers) == 1:  # asked without a task: every link goes through here
        only = await _answer(drivers[0], question)
        if only is None:
            raise ServerNotFound(server_id)
        return [(drivers[0], only)]
    answers = await asyncio.gather(*(_answer(one, question) for one in drivers), return_exceptions=True)
    found: list[tuple[HypervisorDriver, Found]] = []
    refusals: list[Refusal] = []
    silent: Unavailable | None = None
    for one, answer in zip(drivers, answers, strict=True):
        match answer:
            case None | ServerNotFound():
                pass
            case Unavailable():
                silent = answer
            case Refusal():
                refusals.append(answer)
            case BaseException():
                raise answer
            case _:
                found.append((one, answer))
    if refusals:
        raise ServerNotReady(server_id) if found or len(refusals) > 1 else refusals[0]
    if found:
        return found
    raise silent or ServerNotFound(server_id)


async def _answer(
    driver: HypervisorDriver, question: Callable[[HypervisorDriver], Coroutine[Any, Any, Found | None]]
) -> Found | None:
    try:
        return await within(ANSWER_SECONDS, question(driver))
    except TimeoutError as error:
        raise Unavailable(f"The driver {driver.name} does not answer within {ANSWER_SECONDS:g} seconds.") from error


def _may_see(identity: Identity, server: Server) -> bool:
    return server.project_id == identity.project_id or identity.is_admin


def _contested(server: Server) -> Server:
    """A server that more than one driver reports: it is listed without any consoles."""
    return replace(server, status=ServerStatus.UNKNOWN, protocols=frozenset(), keeps_log=False)
