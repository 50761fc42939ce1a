"""Which servers there are and who may see them.

One view over all drivers. A server of another project does not exist for anyone but an admin: the answer is
ServerNotFound, never Forbidden.
"""

import asyncio
from collections.abc import Sequence, Set
from typing import NamedTuple

from keyhole.errors import ServerNotFound, ServerReassigned, Unavailable
from keyhole.model import ConsoleType, Identity, Server, Target
from keyhole.ports.drivers import HypervisorDriver

ANSWER_SECONDS = 5.0
"""How long a driver may take to say whether it knows a server."""


class Servers:
    """The servers of all drivers, as one identity may see them."""

    def __init__(self, drivers: Sequence[HypervisorDriver]) -> None:
        self._drivers = tuple(drivers)

    async def list_for(self, identity: Identity, *, all_projects: bool = False) -> list[Server]:
        """The servers of the identity's project; of every project for an admin who asks so.

        A driver that does not answer is left out here and named by /readyz: one dead host must not hide the others.
        Raises Unavailable when no driver answers at all.
        """
        everything = all_projects and identity.is_admin
        answers = await asyncio.gather(*(driver.list_servers() for driver in self._drivers), return_exceptions=True)
        problems = [answer for answer in answers if isinstance(answer, BaseException)]
        for problem in problems:
            if not isinstance(problem, Unavailable):
                raise problem
        if problems and len(problems) == len(answers):
            raise problems[0]
        return [
            server
            for answer in answers
            if not isinstance(answer, BaseException)
            for server in answer
            if everything or server.project_id == identity.project_id
        ]

    async def find(self, server_id: str, driver: str = "") -> tuple[HypervisorDriver, Server]:
        """The server and the driver that knows it, whoever asks; only the driver of that name is asked, if one is
        given. All are asked at once, so that one that does not answer delays nobody longer than ANSWER_SECONDS.

        Raises ServerNotFound, or Unavailable when a driver that might know the server does not answer.
        """
        asked = [one for one in self._drivers if not driver or one.name == driver]
        answers = await asyncio.gather(*(_find(one, server_id) for one in asked), return_exceptions=True)
        silent: Unavailable | None = None
        for one, answer in zip(asked, answers, strict=True):
            if isinstance(answer, Unavailable):
                silent = answer
            elif isinstance(answer, BaseException):
                raise answer
            elif answer is not None:
                return one, answer
        if silent is not None:
            raise silent
        raise ServerNotFound(server_id)

    async def locate(
        self, server_id: str, project_id: str, console_type: ConsoleType, driver: str
    ) -> tuple[HypervisorDriver, Target]:
        """Where a console that was asked for in a project is now, by the driver that knew it then ("": any).

        Raises ServerNotFound; ServerReassigned when the server is in another project by now; ServerNotReady,
        ServerBusy, ConsoleUnavailable, Unavailable.
        """
        found, server = await self.find(server_id, driver)
        if server.project_id != project_id:
            raise ServerReassigned(server_id)
        return found, await found.console_target(server.id, console_type.protocol)

    async def find_for(self, identity: Identity, server_id: str) -> tuple[HypervisorDriver, Server]:
        """As `find`, for one identity: a server of another project is ServerNotFound unless it is an admin."""
        driver, server = await self.find(server_id)
        if server.project_id != identity.project_id and not identity.is_admin:
            raise ServerNotFound(server_id)
        return driver, server


async def _find(driver: HypervisorDriver, server_id: str) -> Server | None:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await driver.find_server(server_id)
    except TimeoutError as error:
        raise Unavailable(f"The driver {driver.name} does not answer within {ANSWER_SECONDS:g} seconds.") from error


class ServerRef(NamedTuple):
    """That a server is there, in a project."""

    server_id: str
    project_id: str


class DeletedServers:
    """Finds servers that were deleted, or moved to another project, by the drivers' lists."""

    def __init__(self, drivers: Sequence[HypervisorDriver]) -> None:
        self._drivers = tuple(drivers)
        self._listed: dict[str, set[ServerRef]] = {}

    async def among(self, awaited: Set[ServerRef]) -> set[ServerRef]:
        """Which of these are no longer so. What a driver listed that does not answer now is not taken to be gone."""
        answers = await asyncio.gather(*(driver.list_servers() for driver in self._drivers), return_exceptions=True)
        missing, listed_before = set(awaited), set[ServerRef]()
        all_answered = True
        for driver, answer in zip(self._drivers, answers, strict=True):
            if isinstance(answer, Unavailable):
                all_answered = False
            elif isinstance(answer, BaseException):
                raise answer
            else:
                listed_before |= self._listed.get(driver.name, set())
                listed = {place for server in answer if (place := ServerRef(server.id, server.project_id)) in awaited}
                self._listed[driver.name] = listed
                missing -= listed
        return missing if all_answered else missing & listed_before
