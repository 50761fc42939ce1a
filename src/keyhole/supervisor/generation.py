"""The workers that were started with the same settings: one for each slot, replaced when it dies or hangs.

A worker that hangs is replaced but left running, since its sessions may continue when it responds again. It then
accepts no new connections and ends with its last session. At most as many hung workers as slots are left running, so
that they cannot use up the machine's memory.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from keyhole.errors import KeyholeError
from keyhole.net.tasks import TaskSet
from keyhole.supervisor.backoff import Backoff
from keyhole.supervisor.channel import Message
from keyhole.supervisor.log import SupervisorEvent, SupervisorLog
from keyhole.supervisor.metrics import MetricsAggregator
from keyhole.supervisor.port import Ports
from keyhole.supervisor.process import Facts, SettingsText, WorkerProcess

T = TypeVar("T")


class Generation:
    """Call `start` first. `workers` are those that serve, or have served and still run.

    `broadcast` passes one worker's message to all others.
    """

    def __init__(
        self,
        settings: SettingsText,
        metrics: MetricsAggregator,
        log: SupervisorLog,
        broadcast: Callable[[WorkerProcess, Message], None],
    ) -> None:
        self._settings = settings
        self._broadcast = broadcast
        self._metrics = metrics
        self._log = log
        self._starting: set[WorkerProcess] = set()
        self._serving: dict[int, WorkerProcess] = {}
        self._slot_tasks = TaskSet()
        self._unresponsive: set[WorkerProcess] = set()
        self._fewer_unresponsive = asyncio.Event()
        self._is_ending = False
        self.workers: set[WorkerProcess] = set()
        self.ports: Ports
        self.facts: Facts

    async def start(self, open_ports: Callable[[Facts], Ports]) -> None:
        """Starts a worker for every slot; `open_ports` returns the ports that the settings require.

        If one cannot serve, ends all and raises SettingsError or WorkerFailed. No worker accepts connections yet.
        """
        try:
            first = await self._spawn()
            self.facts = await first.prepare(self._settings)
            self.ports = open_ports(self.facts)
            others = await _all(self._prepared() for _ in range(1, self.facts.workers))
            await _all(self._serve(slot, worker) for slot, worker in enumerate([first, *others]))
            self.ports.listen()
        except BaseException:
            for worker in self._starting | self.workers:
                worker.kill()
            await asyncio.gather(*(worker.wait_ended() for worker in self._starting | self.workers))
            raise

    def accept(self) -> None:
        """All workers accept connections from now on, and are replaced when they die or hang."""
        self._share()
        for slot, worker in self._serving.items():
            self._slot_tasks.start(self._keep_running(slot, worker))

    def end(self, seconds: float | None) -> None:
        """All workers stop accepting, and end with their last session or after this many seconds."""
        self._is_ending = True
        for task in self._slot_tasks:
            task.cancel()
        for worker in self._starting:
            worker.kill()
        for worker in self.workers:
            worker.end(seconds)

    def kill(self) -> None:
        for worker in self._starting | self.workers:
            worker.kill()

    def received(self, worker: WorkerProcess, message: Message) -> None:
        """A worker sent a message for others."""
        if "scraped" in message:
            self._metrics.answer(worker)
        elif "attempt" in message:
            self._broadcast(worker, message)

    def stopped_responding(self, worker: WorkerProcess) -> None:
        """A worker no longer responds."""
        self._unresponsive.add(worker)
        self._log(SupervisorEvent.WORKER_UNRESPONSIVE, worker=worker.pid)

    def recovered(self, worker: WorkerProcess) -> None:
        """A worker responds again."""
        self._unresponsive.discard(worker)
        self._fewer_unresponsive.set()
        self._log(SupervisorEvent.WORKER_RECOVERED, worker=worker.pid)

    def ended(self, worker: WorkerProcess) -> None:
        """A worker has ended."""
        self.workers.discard(worker)
        if worker in self._unresponsive:
            self._unresponsive.discard(worker)
            self._fewer_unresponsive.set()
            self._log(SupervisorEvent.WORKER_DIED, worker=worker.pid, status=worker.status)
        self._metrics.retire(worker)

    async def wait_ended(self) -> None:
        """Waits until all workers have ended."""
        await asyncio.gather(*self._slot_tasks, return_exceptions=True)
        await asyncio.gather(*(worker.wait_ended() for worker in self._starting | self.workers))

    async def _spawn(self) -> WorkerProcess:
        worker = await WorkerProcess.start()
        self._starting.add(worker)
        return worker

    async def _prepared(self) -> WorkerProcess:
        worker = await self._spawn()
        await worker.prepare(self._settings)
        return worker

    async def _serve(self, slot: int, worker: WorkerProcess) -> None:
        await worker.serve(self.ports.sockets, self)
        self._starting.discard(worker)
        self.workers.add(worker)
        self._serving[slot] = worker
        self._log(SupervisorEvent.WORKER_STARTED, slot=slot, worker=worker.pid)

    async def _keep_running(self, slot: int, worker: WorkerProcess) -> None:
        """Replaces the worker of a slot whenever it is lost."""
        backoff = Backoff(time.monotonic)
        while True:
            await worker.lost()
            if worker.is_serving:
                continue  # it responds again by now
            del self._serving[slot]
            self._share()
            wait = backoff.died()
            if worker.status is None:
                worker.end(None)
                await self._until_few_unresponsive()
            else:
                self._metrics.deaths += 1
                facts = {"slot": slot, "worker": worker.pid, "status": worker.status, "next_in_seconds": wait}
                self._log(SupervisorEvent.WORKER_DIED, **facts)
            worker = await self._replace(slot, backoff, wait)
            self._share()

    async def _until_few_unresponsive(self) -> None:
        """Waits until no more workers hang than there are slots."""
        while len(self._unresponsive) > self.facts.workers:
            problem = f"{len(self._unresponsive)} workers hang: no more are started until one of them answers or ends"
            self._log(SupervisorEvent.DEGRADED, part="workers", problem=problem)
            self._fewer_unresponsive.clear()
            await self._fewer_unresponsive.wait()

    async def _replace(self, slot: int, backoff: Backoff, wait: float) -> WorkerProcess:
        while True:
            await asyncio.sleep(wait)
            try:
                worker = await self._start_replacement(slot)
            except Exception as error:  # of any kind: a slot must not stay empty
                wait = backoff.died()
                message = str(error) if isinstance(error, KeyholeError) else f"{type(error).__name__}: {error}"
                self._log(SupervisorEvent.WORKER_FAILED, slot=slot, message=message, next_in_seconds=wait)
            else:
                backoff.started()
                return worker

    async def _start_replacement(self, slot: int) -> WorkerProcess:
        """A new worker that serves in a slot. A worker that fails has ended before its exception is raised."""
        worker = await self._spawn()
        try:
            await worker.prepare(self._settings)
            await self._serve(slot, worker)
        except Exception:
            worker.kill()
            await worker.wait_ended()
            self._starting.discard(worker)
            raise
        return worker

    def _share(self) -> None:
        """Tells each worker on which sockets to accept."""
        if self._is_ending:
            return
        for slot, indexes in self.ports.shares(self.facts.workers, sorted(self._serving)).items():
            self._serving[slot].accept(indexes)


async def _all(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all. After a failure, raises the first one once all have ended."""
    tasks = [asyncio.create_task(work) for work in works]  # noqa: TID251  # awaited here in every case
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
