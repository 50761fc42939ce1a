"""Helpers for tests of drivers, and a base class for fake drivers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from keyhole.errors import ServerNotFound
from keyhole.model import (
    Address,
    Change,
    Dialled,
    Grant,
    Location,
    Protocol,
    ResumeState,
    Server,
    Target,
)
from keyhole.ports.drivers import Caller, HypervisorDriver, Problem, unchanging
from keyhole.ports.openings import Opening


class FakeDriver:
    """A driver that lists the servers of its class's `list_now`, and opens the target of its `target_for`."""

    name = "fake"

    async def list_now(self) -> Sequence[Server]:
        return []

    async def target_for(self, server_id: str, protocol: Protocol) -> Target:
        raise ServerNotFound(server_id)

    def watch(self) -> AsyncIterator[Change]:
        return unchanging([])

    async def find_server(self, server_id: str) -> Server | None:
        return next((server for server in await self.list_now() if server.id == server_id), None)

    async def locate(self, server_id: str, protocol: Protocol) -> Location:
        server = await self.find_server(server_id)
        if server is None:
            raise ServerNotFound(server_id)
        route = (await self.target_for(server_id, protocol)).route
        return Location(server, protocol, route.endpoint if isinstance(route, Dialled) else route.described_as)

    def open(self, location: Location, caller: Caller | None) -> AbstractAsyncContextManager[Target]:
        return self._line(location)

    @asynccontextmanager
    async def _line(self, location: Location) -> AsyncIterator[Target]:
        yield await self.target_for(location.server.id, location.protocol)

    async def console_log(self, server_id: str, lines: int | None) -> bytes:
        return b""

    async def screenshot(self, server_id: str, head: int = 0) -> None:
        return None

    async def check(self) -> Sequence[Problem]:
        return []


def opening_of(grant: Grant, resume: ResumeState | None = None) -> Opening:
    """The opening for a grant's session."""
    server = Server(grant.server_id, grant.server_name, grant.project_id)
    return Opening(grant, FakeDriver(), Location(server, grant.console_type.protocol, grant.address), resume=resume)


async def target_of(driver: HypervisorDriver, server_id: str, protocol: Protocol) -> Target:
    """A console's current target."""
    async with driver.open(await driver.locate(server_id, protocol), None) as target:
        return target


def address_of(target: Target) -> Address:
    """The address of its target."""
    assert isinstance(target.route, Dialled)
    return target.route.address


async def sentences(driver: HypervisorDriver) -> list[str]:
    """The sentences of the driver's problems."""
    return [problem.sentence for problem in await driver.check()]
