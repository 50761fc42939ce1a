"""Ends the sessions on servers that were deleted, or moved to another project."""

from collections.abc import Set

from keyhole.core.server_index import ServerIndex
from keyhole.core.sessions.live import Sessions
from keyhole.core.sessions.selectors import OfServer, ServerRef
from keyhole.reasons import Reason


class DeletedServers:
    """Finds servers that were deleted, or moved to another project, from the drivers' lists."""

    def __init__(self, index: ServerIndex) -> None:
        self._index = index
        self._listed: dict[str, set[ServerRef]] = {}

    async def among(self, awaited: Set[ServerRef]) -> set[ServerRef]:
        """Which of these no longer exist in their project. Servers of a driver that does not answer now are not treated
        as deleted.
        """
        drivers = await self._index.refresh()
        missing, listed_before = set(awaited), set[ServerRef]()
        for known in drivers:
            if known.is_complete:
                listed_before |= self._listed.get(known.driver.name, set())
                listed = {ServerRef(server.id, server.project_id) for server in known.servers} & awaited
                self._listed[known.driver.name] = listed
                missing -= listed
        return missing if all(known.is_complete for known in drivers) else missing & listed_before


async def end_sessions_on_deleted(sessions: Sessions, deleted: DeletedServers) -> None:
    """Ends this process's sessions whose server is gone. Raises Unavailable."""
    if not sessions:
        return
    for server in await deleted.among(sessions.servers):
        sessions.terminate(OfServer(server), Reason.REVOKED, "the server no longer exists")
