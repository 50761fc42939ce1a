"""What happens to a server while its console is open, as a driver's news alone tell it to the server index.

A driver's tests inherit the suites for what can happen to its servers, and give them the fixture `scene`. The servers
of the static and simulated drivers never change: none of this is theirs.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from tests.contract.driver_stage import CALLER, dialled
from tests.fakes.drivers import FakeDriver
from tests.fakes.waiting import until

from keyhole.core.server_index import ServerIndex
from keyhole.core.servers import Servers
from keyhole.errors import ServerNotFound, ServerNotReady, Unavailable
from keyhole.model import Change, Identity, Location, Role, Server, ServerStatus
from keyhole.ports.drivers import HypervisorDriver

ADMIN = Identity("a1", "admin", roles=frozenset({Role.ADMIN}))


class NewsOnly(FakeDriver):
    """What the index may use of a driver whose platform is not asked for lists: its news."""

    def __init__(self, driver: HypervisorDriver) -> None:
        self.name = driver.name
        self._driver = driver

    def watch(self) -> AsyncIterator[Change]:
        return self._driver.watch()

    async def list_now(self) -> Sequence[Server] | None:  # type: ignore[override]
        return None


@dataclass(frozen=True)
class Scene:
    """A driver with one server, and how each event is made to happen to it or to the news of it."""

    driver: HypervisorDriver
    server_id: str
    events: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)

    async def happens(self, event: str) -> None:
        await self.events[event]()


@dataclass(frozen=True)
class Opened:
    """A server that was listed and whose console is open, and the servers as the news tell of them."""

    servers: Servers
    server: Server
    location: Location

    async def listed(self) -> Server | None:
        """The server as it is listed now, if it is: the only one there is."""
        found = await self.servers.list_for(ADMIN, all_projects=True)
        assert [server.id for server in found] in ([], [self.server.id])
        return found[0] if found else None

    async def until_listed(self, status: ServerStatus) -> Server:
        async def found() -> Server | None:
            with suppress(Unavailable):
                server = await self.listed()
                return server if server is not None and server.status is status else None
            return None

        return await until(found)


@asynccontextmanager
async def opened(scene: Scene) -> AsyncIterator[Opened]:
    """One of the server's consoles is open, and the news are followed to the end."""
    driver = NewsOnly(scene.driver)
    index = ServerIndex([driver])
    following = asyncio.create_task(index.follow(driver))
    try:
        (server,) = await Servers(index).list_for(ADMIN, all_projects=True)
        location = await scene.driver.locate(scene.server_id, min(server.protocols))
        async with scene.driver.open(location, CALLER) as target, dialled(target):
            yield Opened(Servers(index), server, location)
        assert not following.done()
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def reopened(scene: Scene, console: Opened) -> Location:
    """Opens the console once more, and returns where it is now."""
    location = await scene.driver.locate(scene.server_id, console.location.protocol)
    async with scene.driver.open(location, CALLER) as target, dialled(target):
        return location


class StopSuite:
    async def test_a_server_that_stops_under_an_open_console(self, scene: Scene) -> None:
        async with opened(scene) as console:
            await scene.happens("stop")
            await console.until_listed(ServerStatus.SHUTOFF)
            with pytest.raises(ServerNotReady):
                await scene.driver.locate(scene.server_id, console.location.protocol)


class RebootSuite:
    async def test_a_server_that_stops_and_starts_again_under_an_open_console(self, scene: Scene) -> None:
        async with opened(scene) as console:
            await scene.happens("stop")
            await console.until_listed(ServerStatus.SHUTOFF)
            await scene.happens("start")
            await console.until_listed(ServerStatus.ACTIVE)
            assert (await reopened(scene, console)).place == console.location.place


class DeleteSuite:
    async def test_a_server_that_is_deleted_under_an_open_console(self, scene: Scene) -> None:
        async with opened(scene) as console:
            await scene.happens("delete")

            async def is_gone() -> bool:
                return await console.listed() is None

            await until(is_gone)
            assert await scene.driver.find_server(scene.server_id) is None
            with pytest.raises(ServerNotFound):
                await scene.driver.locate(scene.server_id, console.location.protocol)


class MoveSuite:
    async def test_a_server_that_moves_under_an_open_console(self, scene: Scene) -> None:
        async with opened(scene) as console:
            await scene.happens("move")
            now = await console.until_listed(ServerStatus.ACTIVE)
            assert (now.id, now.project_id) == (console.server.id, console.server.project_id)
            assert (await reopened(scene, console)).place != console.location.place


class LostNewsSuite:
    async def test_news_that_are_lost_are_made_up_for_by_a_listing(self, scene: Scene) -> None:
        """The server is renamed before the news return."""
        async with opened(scene) as console:
            await scene.happens("lose")

            async def is_out_of_date() -> bool:
                try:
                    server = await console.listed()
                except Unavailable:
                    return True
                return server is None or server.status is ServerStatus.UNKNOWN

            await until(is_out_of_date)
            await scene.happens("regain")
            now = await console.until_listed(ServerStatus.ACTIVE)
            assert now.name != console.server.name
            assert now == await scene.driver.find_server(scene.server_id)
