"""The index with changes, unresponsive drivers, and drivers that claim the same server."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from tests.fakes.drivers import FakeDriver
from tests.fakes.waiting import until

from keyhole.core import server_index
from keyhole.core.server_index import Known, ServerIndex
from keyhole.core.servers import Servers
from keyhole.core.sessions.deleted_servers import DeletedServers
from keyhole.core.sessions.selectors import ServerRef
from keyhole.errors import KeyholeError, ServerNotFound, ServerNotReady, Unavailable
from keyhole.model import (
    Change,
    Changed,
    ConsoleMoved,
    ConsoleType,
    Dialled,
    Gone,
    Identity,
    Listed,
    Moving,
    Protocol,
    Server,
    ServerStatus,
    Stopped,
    Target,
    TcpAddress,
    Unreachable,
)
from keyhole.ports.drivers import Problem

MEMBER = Identity("u1", "alice", "p1", "lab", frozenset({"member"}))


def server(server_id: str, name: str = "vm", project: str = "p1") -> Server:
    return Server(server_id, name, project, host="host1", protocols=frozenset({Protocol.VNC}))


A, B, C = server("a"), server("b"), server("c")


class Remote(FakeDriver):
    """A driver whose servers are only known from its changes. Tests set what it returns for queries."""

    def __init__(self, name: str = "remote", *knows: Server) -> None:
        self.name = name
        self.knows = list(knows)
        self.news: asyncio.Queue[Change | Exception | None] = asyncio.Queue()
        self.asked = 0
        self.silent = False

    async def list_now(self) -> Sequence[Server]:
        return None  # type: ignore[return-value]

    async def watch(self) -> AsyncIterator[Change]:
        while (change := await self.news.get()) is not None:
            if isinstance(change, Exception):
                raise change
            yield change

    async def find_server(self, server_id: str) -> Server | None:
        self.asked += 1
        if self.silent:
            raise Unavailable(f"{self.name} sleeps.")
        return next((one for one in self.knows if one.id == server_id), None)

    async def target_for(self, server_id: str, protocol: Protocol) -> Target:
        return Target(protocol, Dialled(TcpAddress("127.0.0.1", 5901)))


def after(*changes: Change) -> Known:
    known = Known(FakeDriver(), lambda: 5.0)
    for change in changes:
        known.apply(change)
    return known


def ids(known: Known) -> list[str]:
    return [one.id for one in known.servers]


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ([Listed((A, B))], "ab"),
        ([Listed((A, B)), Listed((B, C))], "bc"),
        ([Listed((A,), "host1"), Listed((B,), "host2")], "ab"),
        ([Listed((A,), "host1"), Listed((B,), "host2"), Listed((), "host1")], "b"),
        ([Listed((A,), "host1"), Listed((), "host2"), Listed((A,), "host2"), Listed((), "host1")], "a"),
        ([Listed((A,)), Changed(B)], "ab"),
        ([Listed((A,)), Changed(B), Listed((A,))], "a"),
        ([Listed((A,), "host1"), Changed(A, "host2"), Listed((), "host1")], "a"),
        ([Listed((A, B)), Gone("a"), Gone("unknown")], "b"),
        ([Listed((A,), "host1"), Listed((B,), "host2"), Unreachable("down", "host1")], "b"),
        ([Listed((A,)), Unreachable("down"), Listed((A,))], "a"),
        ([Listed((A,)), ConsoleMoved("a", "moved"), Moving("unknown"), Stopped("unknown", "crashed")], "a"),
    ],
)
def test_what_is_left_after_news(changes: list[Change], left: str) -> None:
    assert ids(after(*changes)) == list(left)


def test_a_server_that_moves_or_stops_says_so_until_it_is_listed_again() -> None:
    known = after(listed := Listed((A,)), Moving("a"))
    assert [(one.status, one.task_state) for one in known.servers] == [(ServerStatus.MIGRATING, "migrating")]
    known.apply(Stopped("a", "shutdown"))
    assert [(one.status, one.task_state) for one in known.servers] == [(ServerStatus.SHUTOFF, None)]
    known.apply(listed)
    assert list(known.servers) == [A]


def test_what_is_silent_is_kept_and_named() -> None:
    known = after(Listed((A,), "host1"), Listed((B,), "host2"), Unreachable("host1 is down.", "host1"))
    assert (known.silence, known.is_complete, known.find("a")) == ("", False, A)
    assert list(known.problems) == [Problem("host1 is down.", "host1", "unreachable", 5.0)]
    known.mark_unreachable("The news broke off.")
    assert (known.silence, list(known.servers)) == ("The news broke off.", [])


async def test_news_are_followed_and_nobody_asks_the_platform_for_a_list() -> None:
    remote = Remote("remote", A)
    index = ServerIndex([remote])
    task = asyncio.create_task(index.follow(remote))
    remote.news.put_nowait(Listed((A,)))
    for _ in range(3):
        assert await Servers(index).list_for(MEMBER) == [A]
    assert remote.asked == 0
    remote.news.put_nowait(ValueError("a defect"))
    with pytest.raises(ValueError, match="defect"):
        await task
    with pytest.raises(Unavailable, match="Updates from the driver remote were interrupted"):
        await Servers(index).list_for(MEMBER)
    remote.news.put_nowait(None)
    with pytest.raises(KeyholeError, match="stopped reporting"):
        await index.follow(remote)


async def test_a_list_waits_for_the_first_news_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    remote = Remote()
    index = ServerIndex([remote])
    listing = asyncio.create_task(Servers(index).list_for(MEMBER))
    following = asyncio.create_task(index.follow(remote))
    await asyncio.sleep(0)
    remote.news.put_nowait(Listed((A,)))
    assert await listing == [A]
    following.cancel()
    monkeypatch.setattr(server_index, "FIRST_NEWS_SECONDS", 0.01)
    with pytest.raises(Unavailable, match="remote has not reported"):
        await Servers(ServerIndex([Remote()])).list_for(MEMBER)
    other = Remote("other")
    index = ServerIndex([Remote(), other])
    task = asyncio.create_task(index.follow(other))
    other.news.put_nowait(Listed((B,)))
    assert await Servers(index).list_for(MEMBER) == [B]
    monkeypatch.setattr(server_index, "FIRST_NEWS_SECONDS", 3600.0)
    assert await Servers(index).list_for(MEMBER) == [B], "nobody waits a second time"
    task.cancel()


async def test_a_server_made_a_second_ago_is_found_and_one_that_is_known_is_asked_about_there() -> None:
    first, second = Remote("first", A), Remote("second", B)
    index = ServerIndex([first, second])
    servers = Servers(index)
    assert (await servers.find("b"))[0] is second
    assert (first.asked, second.asked) == (1, 1)
    following = asyncio.create_task(index.follow(second))
    second.news.put_nowait(Listed((B,)))
    await until(lambda: index.claimants("b"))
    assert (await servers.find("b"))[0] is second
    assert (first.asked, second.asked) == (1, 2)
    second.knows, first.knows = [], [B]
    assert (await servers.find("b"))[0] is first, "it went over to the other fleet"
    first.silent = True
    with pytest.raises(Unavailable):
        await servers.find("unknown")
    first.silent = False
    with pytest.raises(ServerNotFound):
        await servers.find("unknown")
    following.cancel()


@pytest.mark.parametrize("told", [False, True])
async def test_a_server_that_two_drivers_claim_is_shown_and_not_opened(told: bool) -> None:
    first, second = Remote("first", A), Remote("second", A)
    index = ServerIndex([first, second])
    servers = Servers(index)
    followers = [asyncio.create_task(index.follow(driver)) for driver in (first, second)]
    if told:
        for driver in (first, second):
            driver.news.put_nowait(Listed((A,)))
        await until(lambda: len(index.claimants("a")) == 2)
        (listed,) = await servers.list_for(MEMBER)
        assert (listed.id, listed.status, listed.protocols) == ("a", ServerStatus.UNKNOWN, frozenset())
        (problem,) = await index.problems(first)
        assert problem.sentence == (
            "Server vm (a) is claimed by the drivers first and second: its consoles are not opened."
        )
        assert (await index.problems(first))[0].since == problem.since > 0
        assert await index.problems(second) == []
        with pytest.raises(ServerNotReady):
            await servers.locate("a", "p1", ConsoleType.NOVNC, "first")
        assert await DeletedServers(index).among({ServerRef("a", "p1")}) == set()
    with pytest.raises(ServerNotReady):
        await servers.log(MEMBER, "a", 1)
    assert (await servers.find("a"))[1].status is ServerStatus.UNKNOWN
    for name in ("",) if not told else ("", "second"):
        with pytest.raises(ServerNotReady):
            await servers.locate("a", "p1", ConsoleType.NOVNC, name)
    with pytest.raises(ServerNotReady):
        await servers.locate_for(MEMBER, "a", ConsoleType.NOVNC)
    for follower in followers:
        follower.cancel()


async def test_what_a_scope_that_is_silent_had_is_not_deleted() -> None:
    remote = Remote()
    index = ServerIndex([remote])
    deleted = DeletedServers(index)
    following = asyncio.create_task(index.follow(remote))
    here, there = ServerRef("a", "p1"), ServerRef("b", "p1")
    remote.news.put_nowait(Listed((A,), "host1"))
    remote.news.put_nowait(Listed((B,), "host2"))
    await until(lambda: index.claimants("b"))
    assert await deleted.among({here, there}) == set()
    remote.news.put_nowait(Unreachable("down", "host1"))
    remote.news.put_nowait(Gone("b"))
    await until(lambda: not index.claimants("b"))
    assert await deleted.among({here, there}) == set()
    remote.news.put_nowait(Listed((), "host1"))
    await until(lambda: not index.claimants("a"))
    assert await deleted.among({here, there}) == {here, there}
    following.cancel()
