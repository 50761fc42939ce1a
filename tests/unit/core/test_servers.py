"""Who sees which servers, and the cost of a driver that does not answer."""

import asyncio

import pytest
from tests.unit.gateway.conftest import SERVER_ID, OneServer

from keyhole.core.server_index import ServerIndex
from keyhole.core.servers import Servers
from keyhole.errors import ServerNotFound, ServerReassigned, Unavailable
from keyhole.model import ConsoleType, Dialled, Identity, Protocol, Server, Target, TcpAddress

MEMBER = Identity("u1", "alice", "p1", "lab", frozenset({"member"}))
STRANGER = Identity("u2", "bob", "p2", "other", frozenset({"member"}))
ADMIN = Identity("u3", "root", "p3", "ops", frozenset({"admin"}))


class Silent(OneServer):
    async def list_now(self) -> list[Server]:
        raise Unavailable("no answer")


async def test_servers_of_other_projects_do_not_exist_except_for_an_admin() -> None:
    servers = Servers(ServerIndex([OneServer()]))
    assert [server.id for server in await servers.list_for(MEMBER)] == [SERVER_ID]
    assert await servers.list_for(STRANGER, all_projects=True) == []
    assert await servers.list_for(ADMIN) == []
    assert len(await servers.list_for(ADMIN, all_projects=True)) == 1
    with pytest.raises(ServerNotFound):
        await servers.find_for(STRANGER, SERVER_ID)
    assert (await servers.find_for(ADMIN, SERVER_ID))[1].name == "vm1"


async def test_a_silent_driver_hides_no_other_drivers_servers() -> None:
    servers = Servers(ServerIndex([Silent(), OneServer()]))
    assert len(await servers.list_for(MEMBER)) == 1
    assert (await servers.find(SERVER_ID))[1].name == "vm1"


async def test_a_server_that_a_silent_driver_may_know_is_not_called_unknown() -> None:
    servers = Servers(ServerIndex([OneServer(), Silent()]))
    with pytest.raises(Unavailable):
        await servers.find("another")
    with pytest.raises(Unavailable):
        await Servers(ServerIndex([Silent()])).list_for(MEMBER)


async def test_without_drivers_there_are_no_servers() -> None:
    assert await Servers(ServerIndex([])).list_for(MEMBER) == []
    with pytest.raises(ServerNotFound):
        await Servers(ServerIndex([])).find("x")


class Hanging(OneServer):
    async def find_server(self, server_id: str) -> Server | None:
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_driver_that_hangs_delays_nobody_longer_than_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyhole.core.servers.ANSWER_SECONDS", 0.01)
    hanging = [Hanging(name=f"hanging{number}") for number in range(3)]
    assert (await Servers(ServerIndex([*hanging, OneServer()])).find(SERVER_ID))[1].name == "vm1"
    with pytest.raises(Unavailable, match="hanging"):
        await Servers(ServerIndex([*hanging, OneServer()])).find("another")


async def test_a_console_is_located_by_the_driver_that_knew_it_and_no_other() -> None:
    here = Target(Protocol.VNC, Dialled(TcpAddress("127.0.0.1", 5901)))
    servers = Servers(ServerIndex([Hanging(name="other"), OneServer({Protocol.VNC: here})]))
    driver, location = await servers.locate(SERVER_ID, "p1", ConsoleType.NOVNC, "one")
    assert (driver.name, location.place) == ("one", "tcp://127.0.0.1:5901")
    with pytest.raises(ServerNotFound):
        await servers.locate(SERVER_ID, "p1", ConsoleType.NOVNC, "no longer in use")


async def test_a_console_of_a_server_that_changed_its_project_is_not_located() -> None:
    with pytest.raises(ServerReassigned):
        await Servers(ServerIndex([OneServer()])).locate(SERVER_ID, "p2", ConsoleType.NOVNC, "")
