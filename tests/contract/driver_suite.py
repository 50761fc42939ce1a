"""What every driver does. A driver's tests inherit `DriverSuite` and give it the fixtures `stage` and `broken`."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points

import pytest
from tests.fakes.rfb_viewer import open_stream

from keyhole.errors import ConsoleUnavailable, ServerNotFound
from keyhole.model import Protocol
from keyhole.ports.drivers import DriverContext, HypervisorDriver

CONTEXT = DriverContext(lambda name: f"id of {name}")
PROJECT = "demo"


@dataclass(frozen=True)
class Stage:
    """A driver with one server of PROJECT, all of whose consoles answer; `log` gives its serial log so far."""

    driver: HypervisorDriver
    server_id: str
    protocols: frozenset[Protocol]
    log: Callable[[], bytes]


@dataclass(frozen=True)
class Broken:
    """A driver one of whose targets is gone, and what names that in a problem."""

    driver: HypervisorDriver
    named: str


class DriverSuite:
    async def test_it_has_the_name_of_its_entry_point(self, stage: Stage) -> None:
        (entry,) = entry_points(group="keyhole.drivers", name=stage.driver.name)
        assert entry.load() is type(stage.driver)

    async def test_what_is_listed_is_found(self, stage: Stage) -> None:
        servers = await stage.driver.list_servers()
        assert [server.id for server in servers] == [stage.server_id]
        assert await stage.driver.find_server(stage.server_id) == servers[0]

    async def test_a_server_is_of_its_project_and_says_what_it_offers(self, stage: Stage) -> None:
        server = await stage.driver.find_server(stage.server_id)
        assert server is not None
        assert server.project_id == CONTEXT.project_id_of(PROJECT)
        assert server.protocols == stage.protocols

    @pytest.mark.parametrize("server_id", ["", "unknown", "00000000-0000-0000-0000-000000000000", "../x", "\ud800"])
    async def test_an_unknown_server_is_not_found(self, stage: Stage, server_id: str) -> None:
        assert await stage.driver.find_server(server_id) is None
        with pytest.raises(ServerNotFound):
            await stage.driver.console_target(server_id, Protocol.VNC)
        with pytest.raises(ServerNotFound):
            await stage.driver.console_log(server_id, None)

    async def test_each_console_that_is_offered_can_be_dialled(self, stage: Stage) -> None:
        for protocol in stage.protocols:
            target = await stage.driver.console_target(stage.server_id, protocol)
            assert target.protocol is protocol
            _, writer = await open_stream(target.address)
            writer.close()
            await writer.wait_closed()

    async def test_a_console_that_is_not_offered_is_named(self, stage: Stage) -> None:
        for protocol in set(Protocol) - stage.protocols:
            with pytest.raises(ConsoleUnavailable) as caught:
                await stage.driver.console_target(stage.server_id, protocol)
            assert caught.value.console_type == protocol

    async def test_the_log_is_what_the_guest_wrote_and_its_end_is_counted_in_lines(self, stage: Stage) -> None:
        whole = stage.log()
        lines = whole.split(b"\n")
        assert len(lines) > 3
        assert await stage.driver.console_log(stage.server_id, None) == whole
        for count in (0, 1, 2, 3, len(lines), len(lines) + 1):
            expected = b"\n".join(lines[-count:]) if count else b""
            assert await stage.driver.console_log(stage.server_id, count) == expected

    async def test_a_server_says_that_its_log_is_kept(self, stage: Stage) -> None:
        server = await stage.driver.find_server(stage.server_id)
        assert server is not None
        assert server.keeps_log

    async def test_a_driver_that_is_well_has_no_troubles(self, stage: Stage) -> None:
        assert list(await stage.driver.check()) == []

    async def test_a_target_that_is_gone_is_a_trouble(self, broken: Broken) -> None:
        (problem,) = await broken.driver.check()
        assert broken.named in problem
        assert problem.endswith(".")
        assert "\n" not in problem
