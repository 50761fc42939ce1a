"""Which servers are gone, by what the drivers list."""

from collections.abc import Sequence

from keyhole.core.servers import Departures, Membership
from keyhole.errors import Unavailable
from keyhole.model import Server

HERE = Membership("s1", "p1")
THERE = Membership("s2", "p1")


class Driver:
    def __init__(self, name: str, *places: Membership) -> None:
        self.name = name
        self.places: Sequence[Membership] | None = places

    async def list_servers(self) -> list[Server]:
        if self.places is None:
            raise Unavailable("The driver sleeps.")
        return [Server(place.server_id, "vm", place.project_id) for place in self.places]


async def test_what_nobody_lists_is_gone() -> None:
    departures = Departures([Driver("one", HERE), Driver("other", THERE)])  # type: ignore[list-item]
    assert await departures.among({HERE, THERE}) == set()
    assert await departures.among({HERE, Membership("s3", "p1")}) == {Membership("s3", "p1")}


async def test_a_server_of_another_project_is_gone_from_this_one() -> None:
    driver = Driver("one", HERE)
    departures = Departures([driver])  # type: ignore[list-item]
    assert await departures.among({HERE}) == set()
    driver.places = [Membership("s1", "p2")]
    assert await departures.among({HERE}) == {HERE}


async def test_the_servers_of_a_driver_that_does_not_answer_are_not_gone() -> None:
    silent, other = Driver("one", HERE), Driver("other", THERE)
    departures = Departures([silent, other])  # type: ignore[list-item]
    await departures.among({HERE, THERE})
    silent.places = None
    assert await departures.among({HERE, THERE}) == set()
    other.places = []
    assert await departures.among({HERE, THERE}) == {THERE}
    silent.places = []
    assert await departures.among({HERE}) == {HERE}
