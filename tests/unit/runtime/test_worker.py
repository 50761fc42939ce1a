"""A worker's commands: one that fails ends no session and is tried again."""

import asyncio
import errno
import io
import json
import os
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.fakes.waiting import until

from keyhole.runtime import worker
from keyhole.supervisor.channel import Channel, Message
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.telemetry import Telemetry


class Service:
    """Stands for the service: `accepted` are the sockets of each order carried out, `failures` what comes first."""

    def __init__(self) -> None:
        self.accepted: list[list[socket.socket]] = []
        self.failures: list[Exception] = []
        self.has_received: list[Any] = []
        self.is_retired = False
        self.throttle = self

    async def accept(self, sockets: Iterable[socket.socket], admin_sockets: Iterable[socket.socket] = ()) -> None:
        if self.failures:
            raise self.failures.pop()
        self.accepted.append(list(sockets))

    def record_remote(self, outcome: object) -> None:
        self.has_received.append(outcome)

    async def retire(self) -> None:
        self.is_retired = True

    async def drain(self, seconds: float | None) -> None:
        return


class World:
    def __init__(self, supervisor: Channel, own: Channel) -> None:
        self.supervisor = supervisor
        self.service = Service()
        self.sockets = [socket.socket(), socket.socket()]
        self._log = io.StringIO()
        self.telemetry = Telemetry(make_logger(self._log, json=True))
        self.worker = worker._Worker(own, self.telemetry, self.sockets, [])
        self.work = asyncio.create_task(self.worker.run_commands(self.service, 0))  # type: ignore[arg-type]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [one for line in self._log.getvalue().splitlines() if (one := json.loads(line))["event"] == name]

    async def answer(self) -> Message | None:
        async with asyncio.timeout(10):
            return await self.supervisor.receive()


@asynccontextmanager
async def make_world() -> AsyncIterator[World]:
    ours, theirs = socket.socketpair()
    supervisor, own = await Channel.open(ours), await Channel.open(theirs)
    world = World(supervisor, own)
    try:
        yield world
    finally:
        await supervisor.close()
        await world.work
        await own.close()


def no_descriptors() -> OSError:
    return OSError(errno.EMFILE, os.strerror(errno.EMFILE))


async def test_an_order_to_accept_is_tried_until_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "RETRY_SECONDS", 0.01)
    async with make_world() as world:
        world.service.failures = [no_descriptors() for _ in range(5)]
        world.supervisor.send({"accept": [0, 1]})
        await until(lambda: world.service.accepted)
        assert world.service.accepted == [world.sockets]
        (problem,) = world.events("service.degraded")
        assert (problem["part"], "Too many open files" in problem["problem"]) == ("listener", True)
        assert not world.work.done()


@pytest.mark.programs
async def test_the_last_order_to_accept_counts() -> None:
    async with make_world() as world:
        world.service.failures = [no_descriptors()]
        world.supervisor.send({"accept": [0, 1]})
        await until(lambda: world.events("service.degraded"))
        world.supervisor.send({"accept": [1]})
        await until(lambda: world.service.accepted)
        assert world.service.accepted == [[world.sockets[1]]]


async def test_who_is_to_end_accepts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "RETRY_SECONDS", 0.01)
    async with make_world() as world:
        world.service.failures = [no_descriptors() for _ in range(10_000)]
        world.supervisor.send({"accept": [0]})
        await until(lambda: world.events("service.degraded"))
        world.supervisor.send({"end": None})
        async with asyncio.timeout(10):
            await world.work
            assert world.worker._accepting is not None
            await world.worker._accepting
        assert world.service.is_retired
        assert world.service.failures
        assert world.service.accepted == []


@pytest.mark.parametrize("order", [{"accept": [7]}, {"attempt": {"of": "another version"}}, {"accept": None}])
async def test_an_order_that_makes_no_sense_ends_nothing(order: Message) -> None:
    async with make_world() as world:
        world.supervisor.send(order)
        world.supervisor.send({"attempt": {"user": "u", "client": "192.0.2.1", "good": False}})
        await until(lambda: world.service.has_received)
        assert [event["where"] for event in world.events("service.failed")] == ["orders"]
        assert not world.work.done()


async def test_a_ping_is_answered() -> None:
    async with make_world() as world:
        world.supervisor.send({"ping": True})
        assert await world.answer() == {"pong": True}


async def test_counts_for_somebody_who_gave_up_end_nothing() -> None:
    """The requester of the metrics disconnects in the very loop iteration in which the answer arrives."""
    async with make_world() as world:
        patient, gone = asyncio.create_task(world.worker.count()), asyncio.create_task(world.worker.count())
        assert await world.answer() == {"scraped": True}
        gone.cancel()
        world.worker._take({"counts": []}, world.service)  # type: ignore[arg-type]
        assert await patient == []
        await asyncio.gather(gone, return_exceptions=True)
        assert gone.cancelled()


async def test_metrics_are_its_own_where_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SCRAPE_SECONDS", 0.01)
    async with make_world() as world:
        assert await world.worker.count()
        assert world.worker._scrapes == set()
