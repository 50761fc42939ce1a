"""The metrics of the whole service: of all running workers, on request, and of those that have ended."""

import asyncio
from collections.abc import Callable, Collection

from keyhole.net.tasks import TaskSet
from keyhole.supervisor.process import WorkerProcess
from keyhole.telemetry.samples import Family, total, without_gauges

DEATHS = "keyhole_worker_deaths"


class MetricsAggregator:
    """`workers` returns all running workers, of every generation.

    A counter never decreases: a worker's last numbers remain after it has ended.
    """

    def __init__(self, workers: Callable[[], Collection[WorkerProcess]]) -> None:
        self._workers = workers
        self._retired_totals: list[Family] = []
        self._answering = TaskSet()
        self.deaths = 0
        """How many workers ended unexpectedly."""

    def retire(self, worker: WorkerProcess) -> None:
        """A worker has ended."""
        self._retired_totals = total([*self._retired_totals, *without_gauges(worker.families)])

    def answer(self, asker: WorkerProcess) -> None:
        """Sends a worker the metrics of the whole service."""
        self._answering.start(self._answer(asker))

    async def _answer(self, asker: WorkerProcess) -> None:
        await asyncio.gather(*(worker.count() for worker in self._workers()))
        deaths: Family = [DEATHS, "counter", "", [[f"{DEATHS}_total", {}, self.deaths]]]
        living = [family for worker in self._workers() for family in worker.families]
        asker.send_counts(total([*living, *self._retired_totals, deaths]))
