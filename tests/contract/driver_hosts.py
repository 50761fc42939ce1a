"""What every driver does when a host dies: the calls about its servers end in time, and other servers are unharmed.

A driver's tests inherit `HostsSuite` and give it the fixture `hosts`; `AnsweringHostsSuite` if the driver asks hosts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import pytest
from tests.contract.driver_stage import CALLER, held, knock, until_held
from tests.fakes.waiting import until

from keyhole.core.servers import ANSWER_SECONDS
from keyhole.errors import LogUnavailable, ServerNotFound, ServerNotReady, TargetFailed, Unavailable
from keyhole.model import Location
from keyhole.ports.drivers import HypervisorDriver

REFUSALS = (ServerNotFound, ServerNotReady, Unavailable, TargetFailed, LogUnavailable)
"""What a call may raise when the host is dead."""

T = TypeVar("T")

Call = Callable[[HypervisorDriver, Location], Awaitable[object]]


async def _open(driver: HypervisorDriver, location: Location) -> None:
    async with driver.open(location, CALLER) as target:
        with suppress(OSError):  # Dialling is not the driver's.
            await knock(target)


CALLS: Mapping[str, Call] = {
    "find_server": lambda driver, location: driver.find_server(location.server.id),
    "locate": lambda driver, location: driver.locate(location.server.id, location.protocol),
    "open": _open,
    "console_log": lambda driver, location: driver.console_log(location.server.id, None),
    "check": lambda driver, location: driver.check(),
}


@dataclass(frozen=True)
class Hosts:
    """A driver with two servers, each on a host of its own and with consoles and a log. `end` kills the one's host."""

    driver: HypervisorDriver
    dying: str
    other: str
    end: Callable[[], Awaitable[None]]

    async def location(self) -> Location:
        """Where the dying server's console is while its host lives."""
        server = await self.driver.find_server(self.dying)
        assert server is not None
        return await self.driver.locate(self.dying, min(server.protocols))


@dataclass(frozen=True)
class AnsweringHosts(Hosts):
    """Hosts that a driver asks: after `hang` the one stops in the middle of its answers, and `asked` counts those."""

    hang: Callable[[], None]
    asked: Callable[[], int]


async def outcome(call: str, driver: HypervisorDriver, location: Location) -> object:
    """A call's answer or refusal, in time."""
    try:
        return await in_time(CALLS[call](driver, location))
    except REFUSALS as refusal:
        return refusal


async def in_time(call: Awaitable[T]) -> T:
    """What a call answers, within the time that the use cases give it."""
    async with asyncio.timeout(ANSWER_SECONDS):
        return await call


async def assert_is_well(driver: HypervisorDriver, server_id: str) -> None:
    """A server is listed and found, its consoles open, its log is read and it has no problem, each in time."""
    server = await in_time(driver.find_server(server_id))
    assert server is not None
    listed = await in_time(driver.list_now())
    assert listed is None or server in listed
    assert server.protocols
    for protocol in server.protocols:
        location = await in_time(driver.locate(server_id, protocol))
        async with asyncio.timeout(ANSWER_SECONDS), driver.open(location, CALLER) as target:
            await knock(target)
    assert await in_time(driver.console_log(server_id, None))
    assert not [one for one in await in_time(driver.check()) if server_id in one.sentence]


@pytest.mark.parametrize("call", CALLS)
class HostsSuite:
    async def test_a_host_that_died_before_it_is_asked_about(self, hosts: Hosts, call: str) -> None:
        location = await hosts.location()
        await hosts.end()
        await outcome(call, hosts.driver, location)
        before = await held()
        await outcome(call, hosts.driver, location)
        await until_held(before)
        await assert_is_well(hosts.driver, hosts.other)

    async def test_a_host_that_dies_while_it_is_asked_about(self, hosts: Hosts, call: str) -> None:
        location = await hosts.location()
        asking = asyncio.create_task(outcome(call, hosts.driver, location))
        await asyncio.sleep(0)
        await hosts.end()
        await asking
        await assert_is_well(hosts.driver, hosts.other)

    async def test_a_host_that_dies_after_it_was_asked_about(self, hosts: Hosts, call: str) -> None:
        location = await hosts.location()
        assert not isinstance(await outcome(call, hosts.driver, location), Exception)
        async with hosts.driver.open(location, CALLER):
            await hosts.end()
        await outcome(call, hosts.driver, location)
        await assert_is_well(hosts.driver, hosts.other)


class AnsweringHostsSuite(HostsSuite):
    async def test_a_host_that_stops_in_the_middle_of_its_answer(self, hosts: AnsweringHosts, call: str) -> None:
        location = await hosts.location()
        hosts.hang()
        refusal = await outcome(call, hosts.driver, location)
        assert isinstance(refusal, REFUSALS) or call != "locate"
        await assert_is_well(hosts.driver, hosts.other)

    async def test_a_host_that_dies_in_the_middle_of_its_answer(self, hosts: AnsweringHosts, call: str) -> None:
        location = await hosts.location()
        hosts.hang()
        asking = asyncio.create_task(outcome(call, hosts.driver, location))
        await until(lambda: asking.done() or hosts.asked())
        await hosts.end()
        refusal = await asking
        assert isinstance(refusal, REFUSALS) or call != "locate"
        await assert_is_well(hosts.driver, hosts.other)

    async def test_a_call_that_is_cancelled_in_the_middle_of_an_answer_leaves_nothing(
        self, hosts: AnsweringHosts, call: str
    ) -> None:
        location = await hosts.location()
        before = await held()
        hosts.hang()
        asking = asyncio.create_task(outcome(call, hosts.driver, location))
        await until(lambda: asking.done() or hosts.asked())
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        await until_held(before)
