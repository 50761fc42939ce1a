"""The workers that were started with the same settings: one for each slot, and another one when it dies."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from keyhole.errors import KeyholeError
from keyhole.supervisor.backoff import Backoff
from keyhole.supervisor.channel import Message
from keyhole.supervisor.log import SupervisorEvent, SupervisorLog
from keyhole.supervisor.metrics import MetricsAggregator
from keyhole.supervisor.port import Ports
from keyhole.supervisor.process import Facts, SettingsText, WorkerProcess

T = TypeVar("T")


class Generation:
    """Begins with `start`. `workers` are those that serve or have served and still live.

    `broadcast` tells all other workers what one has to say to them.
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
        self._keepers: set[asyncio.Task[None]] = set()
        self._is_ending = False
        self.workers: set[WorkerProcess] = set()
        self.ports: Ports
        self.facts: Facts

    async def start(self, open_ports: Callable[[Facts], Ports]) -> None:
        """Starts a worker for every slot; `open_ports` gives the ports that the settings want.

        When one cannot serve, all are ended: raises SettingsError, WorkerFailed. Nobody accepts yet.
        """
        try:
            first = await self._born()
            self.facts = await first.prepare(self._settings)
            self.ports = open_ports(self.facts)
            others = await _all(self._prepared() for _ in range(1, self.facts.workers))
            await _all(self._serve(slot, worker) for slot, worker in enumerate([first, *others]))
        except BaseException:
            for worker in self._starting | self.workers:
                worker.kill()
            await asyncio.gather(*(worker.gone() for worker in self._starting | self.workers))
            raise

    def accept(self) -> None:
        """Everybody accepts, and whoever dies is replaced."""
        self.ports.listen()
        self._share()
        loop = asyncio.get_running_loop()
        self._keepers = {loop.create_task(self._keep(slot, worker)) for slot, worker in self._serving.items()}

    def end(self, seconds: float | None) -> None:
        """Everybody stops accepting, and ends with their last session or after so many seconds."""
        self._is_ending = True
        for keeper in self._keepers:
            keeper.cancel()
        for worker in self._starting:
            worker.kill()
        for worker in self.workers:
            worker.end(seconds)

    def kill(self) -> None:
        for worker in self._starting | self.workers:
            worker.kill()

    async def gone(self) -> None:
        """Waits for the last worker's end."""
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*(worker.gone() for worker in self._starting | self.workers))

    async def _born(self) -> WorkerProcess:
        worker = await WorkerProcess.start()
        self._starting.add(worker)
        return worker

    async def _prepared(self) -> WorkerProcess:
        worker = await self._born()
        await worker.prepare(self._settings)
        return worker

    async def _serve(self, slot: int, worker: WorkerProcess) -> None:
        await worker.serve(self.ports.sockets, self._heard, self._ended)
        self._starting.discard(worker)
        self.workers.add(worker)
        self._serving[slot] = worker
        self._log(SupervisorEvent.WORKER_STARTED, slot=slot, worker=worker.pid)

    def _heard(self, worker: WorkerProcess, message: Message) -> None:
        if "scraped" in message:
            self._metrics.answer(worker)
        elif "attempt" in message:
            self._broadcast(worker, message)

    def _ended(self, worker: WorkerProcess) -> None:
        self._metrics.retire(worker)
        self.workers.discard(worker)

    async def _keep(self, slot: int, worker: WorkerProcess) -> None:
        """Sees to it that somebody serves in a slot."""
        backoff = Backoff(time.monotonic)
        while True:
            await worker.gone()
            del self._serving[slot]
            self._share()
            self._metrics.deaths += 1
            wait = backoff.died()
            facts = {"slot": slot, "worker": worker.pid, "status": worker.status, "next_in_seconds": wait}
            self._log(SupervisorEvent.WORKER_DIED, **facts)
            worker = await self._replace(slot, backoff, wait)
            self._share()

    async def _replace(self, slot: int, backoff: Backoff, wait: float) -> WorkerProcess:
        while True:
            await asyncio.sleep(wait)
            worker = await self._born()
            try:
                await worker.prepare(self._settings)
                await self._serve(slot, worker)
            except KeyholeError as error:
                worker.kill()
                await worker.gone()
                self._starting.discard(worker)
                wait = backoff.died()
                facts = {"slot": slot, "worker": worker.pid, "message": str(error), "next_in_seconds": wait}
                self._log(SupervisorEvent.WORKER_FAILED, **facts)
            else:
                backoff.born()
                return worker

    def _share(self) -> None:
        """Tells everybody on which sockets to accept."""
        if self._is_ending:
            return
        for slot, indexes in self.ports.shares(self.facts.workers, sorted(self._serving)).items():
            self._serving[slot].accept(indexes)


async def _all(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all, or the first failure, when none is under way any more."""
    tasks = [asyncio.get_running_loop().create_task(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
