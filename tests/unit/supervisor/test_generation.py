"""A worker's slot is always served again: after deaths, hangs, and starts without resources. The workers are stubs,
which start at once.
"""

import asyncio
import errno
import io
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import stub_worker
from tests.fakes.waiting import until

from keyhole.supervisor import backoff, pulse
from keyhole.supervisor.channel import Message
from keyhole.supervisor.generation import Generation
from keyhole.supervisor.log import SupervisorLog
from keyhole.supervisor.metrics import MetricsAggregator
from keyhole.supervisor.port import ListenAddress, Port, Ports
from keyhole.supervisor.process import SettingsText, WorkerFailed, WorkerProcess

pytestmark = pytest.mark.programs


class Watched(Generation):
    """A generation that records the messages to its workers, by process id."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.told: dict[int, list[Message]] = {}

    def received(self, worker: WorkerProcess, message: Message) -> None:
        if "told" in message:
            self.told.setdefault(worker.pid, []).append(message["told"])
        super().received(worker, message)

    def shares(self) -> dict[int, list[int]]:
        """The sockets that each worker was last told to accept on."""
        orders = {pid: [one["accept"] for one in told if "accept" in one] for pid, told in self.told.items()}
        return {pid: accepted[-1] for pid, accepted in orders.items() if accepted}


class Fixture:
    """A generation, and what its supervisor logged."""

    def __init__(self, settings: str) -> None:
        self._log = io.StringIO()
        self.metrics = MetricsAggregator(lambda: self.generation.workers)
        self.generation = Watched(
            SettingsText(settings, "test"), self.metrics, SupervisorLog(self._log), lambda worker, message: None
        )

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self._log.getvalue().splitlines()]
        return [line for line in lines if line["event"] == name]

    def workers(self) -> list[int]:
        """Every worker that was ever started."""
        return [event["worker"] for event in self.events("worker.started")]


@pytest.fixture(autouse=True)
def stubs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stub = tmp_path / "stub"
    stub.write_text(f'#!/bin/sh\nexec {sys.executable} -S -E {stub_worker.__file__} "$@"\n')
    stub.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(stub))
    monkeypatch.setattr(backoff, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(backoff, "LONGEST_SECONDS", 0.05)


@asynccontextmanager
async def serving(workers: int, kind: str = "") -> AsyncIterator[Fixture]:
    fixture = Fixture(f"{workers} {kind}")
    port = Port.bind(ListenAddress(host="127.0.0.1", port=0), workers)
    try:
        await fixture.generation.start(lambda facts: Ports(port))
        fixture.generation.accept()
        yield fixture
    finally:
        fixture.generation.end(None)
        fixture.generation.kill()
        await fixture.generation.wait_ended()
        port.close()


def failing(error: Exception, times: int, work: Callable[..., Any]) -> Callable[..., Any]:
    """Behaves like `work` after failing this many times."""
    left = [error] * times

    async def work_at_last(*arguments: Any, **more: Any) -> Any:
        if left:
            raise left.pop()
        return await work(*arguments, **more)

    return work_at_last


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "a worker could not be started: [Errno 24] Too many"),
        (OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), "a worker could not be started: [Errno 12] Cannot alloc"),
        (BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)), "a worker could not be started: [Errno 11] Res"),
        (RuntimeError("can't start new thread"), "a worker could not be started: can't start new thread"),
        (MemoryError(), "MemoryError: "),
    ],
)
async def test_a_worker_that_cannot_be_started_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    async with serving(1) as fixture:
        spawn = failing(error, 3, asyncio.create_subprocess_exec)
        monkeypatch.setattr(asyncio, "create_subprocess_exec", spawn)
        os.kill(fixture.workers()[0], signal.SIGKILL)
        await until(lambda: len(fixture.workers()) == 2)
        failed = fixture.events("worker.failed")
        assert [event["slot"] for event in failed] == [0, 0, 0]
        assert all(event["message"].startswith(message) for event in failed)
        await until(lambda: fixture.generation.shares().get(fixture.workers()[1]) == [0])


async def test_a_worker_that_dies_before_it_has_the_sockets_is_a_failed_one() -> None:
    worker = await WorkerProcess.start()
    await worker.prepare(SettingsText("dies before it takes the sockets", "test"))
    await worker._process.wait()
    with pytest.raises(WorkerFailed):
        await worker.serve([], Fixture("1").generation)
    await worker.wait_ended()


async def test_a_defect_in_replacing_does_not_empty_a_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker of another version may answer anything."""
    async with serving(1) as fixture:
        monkeypatch.setattr(WorkerProcess, "prepare", failing(KeyError("workers"), 2, WorkerProcess.prepare))
        os.kill(fixture.workers()[0], signal.SIGKILL)
        await until(lambda: len(fixture.workers()) == 2)
        assert [event["message"] for event in fixture.events("worker.failed")] == ["KeyError: 'workers'"] * 2
        await until(lambda: len(fixture.generation.workers) == 1)


class TestAHungWorker:
    @pytest.fixture(autouse=True)
    def soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pulse, "PING_SECONDS", 0.2)

    async def test_another_takes_its_slot_and_it_is_left_alone(self) -> None:
        async with serving(2) as fixture:
            hung, other = fixture.workers()
            os.kill(hung, signal.SIGSTOP)
            await until(lambda: len(fixture.workers()) == 3)
            assert [event["worker"] for event in fixture.events("worker.unresponsive")] == [hung]
            new = fixture.workers()[2]
            shares = fixture.generation.shares
            await until(lambda: sorted(shares().get(new, []) + shares()[other]) == [0, 1])
            assert fixture.events("worker.died") == []
            assert hung in {worker.pid for worker in fixture.generation.workers}
            assert fixture.metrics.deaths == 0

    async def test_one_that_recovers_serves_what_it_has_and_ends(self) -> None:
        async with serving(1) as fixture:
            hung = fixture.workers()[0]
            os.kill(hung, signal.SIGSTOP)
            await until(lambda: len(fixture.workers()) == 2)
            os.kill(hung, signal.SIGCONT)
            await until(lambda: fixture.events("worker.recovered"))
            # The stub ends as soon as it is told to end with its last session.
            await until(lambda: [worker.pid for worker in fixture.generation.workers] == fixture.workers()[1:])
            assert [event["worker"] for event in fixture.events("worker.recovered")] == [hung]
            assert fixture.events("worker.died") == []

    async def test_one_that_is_killed_at_last_is_told_of(self) -> None:
        async with serving(1) as fixture:
            hung = fixture.workers()[0]
            os.kill(hung, signal.SIGSTOP)
            await until(lambda: len(fixture.workers()) == 2)
            os.kill(hung, signal.SIGKILL)
            (died,) = await until(lambda: fixture.events("worker.died"))
            assert (died["worker"], died["status"]) == (hung, -signal.SIGKILL)

    async def test_no_more_are_left_so_than_there_are_slots(self) -> None:
        async with serving(1) as fixture:
            os.kill(fixture.workers()[0], signal.SIGSTOP)
            await until(lambda: len(fixture.workers()) == 2)
            os.kill(fixture.workers()[1], signal.SIGSTOP)
            await until(lambda: fixture.events("service.degraded"))
            assert len(fixture.workers()) == 2
            os.kill(fixture.workers()[0], signal.SIGKILL)
            await until(lambda: len(fixture.workers()) == 3)

    async def test_nothing_is_kept_for_it(self) -> None:
        """It hangs for any time, while others sign in."""
        async with serving(1) as fixture:
            (hung,) = fixture.generation.workers
            os.kill(hung.pid, signal.SIGSTOP)
            await until(lambda: fixture.events("worker.unresponsive"))
            before = hung._channel._writer.transport.get_write_buffer_size()
            for _ in range(20_000):
                hung.forward({"attempt": {"user": "x" * 100, "client": "192.0.2.1", "good": False}})
            assert hung._channel._writer.transport.get_write_buffer_size() == before

    async def test_one_of_an_earlier_version_is_not_asked(self) -> None:
        async with serving(2, "old") as fixture:
            old, _ = fixture.generation.workers
            old.forward({"attempt": {}})
            await until(lambda: {"attempt": {}} in fixture.generation.told.get(old.pid, []))
            assert {"ping": True} not in fixture.generation.told[old.pid]

    async def test_metrics_do_not_wait_for_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with serving(1) as fixture:
            (hung,) = fixture.generation.workers
            os.kill(hung.pid, signal.SIGSTOP)
            await until(lambda: fixture.events("worker.unresponsive"))
            monkeypatch.setattr("keyhole.supervisor.process.COUNT_SECONDS", 3600)
            async with asyncio.timeout(10):
                await hung.count()
