"""Which servers there are and who may see them.

One view over all drivers. A server of another project does not exist for anyone but an admin: the answer is
ServerNotFound, never Forbidden.
"""

import asyncio
from collections.abc import Sequence, Set
from typing import NamedTuple

from keyhole.errors import ServerNotFound, Unavailable
from keyhole.model import Identity, Server
from keyhole.ports.drivers import HypervisorDriver


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

    async def find(self, server_id: str) -> tuple[HypervisorDriver, Server]:
        """The server and the driver that knows it, whoever asks. Raises ServerNotFound, or Unavailable when a
        driver that might know it does not answer."""
        silent: Unavailable | None = None
        for driver in self._drivers:
            try:
                server = await driver.find_server(server_id)
            except Unavailable as problem:
                silent = problem
                continue
            if server is not None:
                return driver, server
        if silent is not None:
            raise silent
        raise ServerNotFound(server_id)

    async def find_for(self, identity: Identity, server_id: str) -> tuple[HypervisorDriver, Server]:
        """As `find`, for one identity: a server of another project is ServerNotFound unless it is an admin."""
        driver, server = await self.find(server_id)
        if server.project_id != identity.project_id and not identity.is_admin:
            raise ServerNotFound(server_id)
        return driver, server


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
