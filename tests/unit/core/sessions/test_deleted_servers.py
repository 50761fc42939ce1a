"""Which servers were deleted, according to the drivers' lists."""

from collections.abc import Sequence

from tests.fakes.drivers import FakeDriver

from keyhole.core.server_index import ServerIndex
from keyhole.core.sessions.deleted_servers import DeletedServers
from keyhole.core.sessions.selectors import ServerRef
from keyhole.errors import Unavailable
from keyhole.model import Server

HERE = ServerRef("s1", "p1")
THERE = ServerRef("s2", "p1")


class Driver(FakeDriver):
    def __init__(self, name: str, *places: ServerRef) -> None:
        self.name = name
        self.places: Sequence[ServerRef] | None = places

    async def list_now(self) -> list[Server]:
        if self.places is None:
            raise Unavailable("The driver sleeps.")
        return [Server(place.server_id, "vm", place.project_id) for place in self.places]


async def test_what_nobody_lists_is_gone() -> None:
    deleted_servers = DeletedServers(ServerIndex([Driver("one", HERE), Driver("other", THERE)]))
    assert await deleted_servers.among({HERE, THERE}) == set()
    assert await deleted_servers.among({HERE, ServerRef("s3", "p1")}) == {ServerRef("s3", "p1")}


async def test_a_server_of_another_project_is_gone_from_this_one() -> None:
    driver = Driver("one", HERE)
    deleted_servers = DeletedServers(ServerIndex([driver]))
    assert await deleted_servers.among({HERE}) == set()
    driver.places = [ServerRef("s1", "p2")]
    assert await deleted_servers.among({HERE}) == {HERE}


async def test_the_servers_of_a_driver_that_does_not_answer_are_not_gone() -> None:
    silent, other = Driver("one", HERE), Driver("other", THERE)
    deleted_servers = DeletedServers(ServerIndex([silent, other]))
    await deleted_servers.among({HERE, THERE})
    silent.places = None
    assert await deleted_servers.among({HERE, THERE}) == set()
    other.places = []
    assert await deleted_servers.among({HERE, THERE}) == {THERE}
    silent.places = []
    assert await deleted_servers.among({HERE}) == {HERE}
