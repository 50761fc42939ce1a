"""What the whole service has counted: its living workers when asked, and those that have ended."""

import asyncio
from collections.abc import Callable, Collection

from keyhole.net.tasks import TaskSet
from keyhole.supervisor.process import WorkerProcess
from keyhole.telemetry.samples import Family, kept, total

DEATHS = "keyhole_worker_deaths"


class MetricsAggregator:
    """`workers` gives all that live now, of every generation.

    A counter never goes down: what a worker said last remains when it has ended.
    """

    def __init__(self, workers: Callable[[], Collection[WorkerProcess]]) -> None:
        self._workers = workers
        self._retired_totals: list[Family] = []
        self._answering = TaskSet()
        self.deaths = 0
        """How many workers ended without being told to."""

    def retire(self, worker: WorkerProcess) -> None:
        """A worker has ended."""
        self._retired_totals = total([*self._retired_totals, *kept(worker.families)])

    def answer(self, asker: WorkerProcess) -> None:
        """Tells a worker what everybody has counted."""
        self._answering.start(self._answer(asker))

    async def _answer(self, asker: WorkerProcess) -> None:
        await asyncio.gather(*(worker.count() for worker in self._workers()))
        deaths: Family = [DEATHS, "counter", "", [[f"{DEATHS}_total", {}, self.deaths]]]
        living = [family for worker in self._workers() for family in worker.families]
        asker.tell_counts(total([*living, *self._retired_totals, deaths]))
