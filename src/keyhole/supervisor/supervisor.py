"""The service from start to end: each reload starts another generation of workers on the same port."""

import asyncio
import signal
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from keyhole import __version__
from keyhole.errors import KeyholeError, SettingsError
from keyhole.net.tasks import TaskSet
from keyhole.supervisor.channel import Message
from keyhole.supervisor.generation import Generation
from keyhole.supervisor.log import SupervisorEvent, SupervisorLog
from keyhole.supervisor.metrics import MetricsAggregator
from keyhole.supervisor.notify import Notifier
from keyhole.supervisor.port import Port, Ports
from keyhole.supervisor.process import Facts, SettingsText, WorkerProcess
from keyhole.supervisor.reloading import answer_reloads

GRACE_SECONDS = 10.0
"""How long workers may take to close all connections, in addition to the time that their sessions may continue."""


class Supervisor:
    """`config` is the settings file, read again at each reload; `inherited` are the public port's sockets, if given."""

    def __init__(
        self, config: Path | None, log: SupervisorLog, notifier: Notifier, inherited: list[socket.socket]
    ) -> None:
        self._config = config
        self._log = log
        self._notifier = notifier
        self._ports = self._next_ports = Ports(Port.inherit(inherited) if inherited else None)
        self._metrics = MetricsAggregator(self._workers)
        self._generations: list[Generation] = []
        """The last one serves; the others still have sessions."""
        self._tasks = TaskSet()
        self._reload_lock = asyncio.Lock()
        self._stop_requested = asyncio.Event()
        self._stop_repeated = asyncio.Event()

    async def run(self) -> None:
        """Serves until SIGTERM or SIGINT; SIGHUP reloads. Raises SettingsError or WorkerFailed if it cannot start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        loop.set_exception_handler(self._log_defect)
        start = self._tasks.start(self._start())
        stop = asyncio.create_task(self._stop_requested.wait())  # noqa: TID251  # awaited below
        try:
            await asyncio.wait({start, stop}, return_when=asyncio.FIRST_COMPLETED)
            if start.done():
                start.result()
                await stop
            await self._end()
        finally:
            self._ports.close()
            self._notifier.close()

    async def reload(self) -> None:
        """Replaces the workers; the previous ones keep running for their sessions.

        The settings are read and checked again. If they are invalid or the workers fail, nothing changes and
        SettingsError or WorkerFailed is raised. CancelledError: the service stops.
        """
        await self._tasks.start(self._reload())

    async def _start(self) -> None:
        async with self._reload_lock:
            await self._start_generation()
            facts = self._generations[-1].facts
            try:
                self._reloads = await answer_reloads(self._config, self.reload)
            except OSError as error:
                problem = f"`keyhole reload` will not find this service ({error.strerror}); SIGHUP does the same"
                self._log(SupervisorEvent.DEGRADED, part="supervisor", problem=problem)
            self._log(
                SupervisorEvent.STARTED, url=facts.url, listen=facts.listen, workers=facts.workers, version=__version__
            )
            self._notifier.ready()

    async def _reload(self) -> None:
        async with self._reload_lock:
            self._notifier.reloading()
            try:
                await self._start_generation()
                self._log(SupervisorEvent.RELOADED, url=self._generations[-1].facts.url)
            except KeyholeError as error:
                self._log(SupervisorEvent.RELOAD_REFUSED, message=str(error))
                raise
            except Exception as error:
                self._log(SupervisorEvent.RELOAD_REFUSED, message=f"{type(error).__name__}: {error}")
                self._log.failed("reload", error)
                raise
            finally:
                self._notifier.ready()

    async def _start_generation(self) -> None:
        """Starts a generation and retires the previous one."""
        generation = Generation(self._read(), self._metrics, self._log, self._broadcast)
        before = self._next_ports = self._ports
        sockets = before.public_count
        try:
            await generation.start(self._ports_for)
        except BaseException:
            self._next_ports.close(but=before)
            before.shrink(sockets)  # the serving workers do not have the new sockets
            raise
        self._ports = self._next_ports
        generation.accept()
        for earlier in self._generations:
            earlier.end(None)
            self._tasks.start(self._forget_when_ended(earlier))
        self._generations.append(generation)
        before.close(but=self._ports)

    def _ports_for(self, facts: Facts) -> Ports:
        self._next_ports = self._ports.at(facts.place, facts.admin_place, facts.workers)
        return self._next_ports

    def _read(self) -> SettingsText:
        if self._config is None:
            return SettingsText(None, "settings")
        try:
            return SettingsText(self._config.read_text("utf-8"), str(self._config))
        except OSError as error:
            raise SettingsError(f"{self._config}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise SettingsError(f"{self._config}: is not TOML: {error}") from error

    async def _forget_when_ended(self, generation: Generation) -> None:
        await generation.wait_ended()
        self._generations.remove(generation)

    async def _end(self) -> None:
        """Ends all workers: after their grace time, at once after a second signal, and finally by SIGKILL."""
        await self._tasks.cancel()
        seconds = self._generations[-1].facts.drain_seconds if self._generations else 0
        self._log(SupervisorEvent.STOPPING, drain_seconds=seconds)
        self._notifier.stopping(seconds + 2 * GRACE_SECONDS)
        for generation in self._generations:
            generation.end(seconds)
        self._ports.close()
        await self._wait_all_ended(seconds + GRACE_SECONDS, unless=self._stop_repeated)
        for generation in self._generations:
            generation.end(0)
        await self._wait_all_ended(GRACE_SECONDS)
        for generation in self._generations:
            generation.kill()
        await self._wait_all_ended(None)
        self._log(SupervisorEvent.STOPPED)

    async def _wait_all_ended(self, seconds: float | None, unless: asyncio.Event | None = None) -> None:
        """Waits until every worker has ended, this many seconds have passed, or the event is set."""
        waits: set[asyncio.Task[Any]] = {asyncio.create_task(_wait_ended(self._generations))}  # noqa: TID251  # awaited below
        if unless is not None:
            waits.add(asyncio.create_task(unless.wait()))  # noqa: TID251  # awaited below
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    def _stop(self) -> None:
        if self._stop_requested.is_set():
            self._stop_repeated.set()
        self._stop_requested.set()

    def _log_defect(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._log.failed("supervisor", context.get("exception") or RuntimeError(context["message"]))

    def _hang_up(self) -> None:
        self._tasks.start(self._reload_on_signal())

    async def _reload_on_signal(self) -> None:
        with suppress(Exception):  # the log has it
            await self._reload()

    def _workers(self) -> list[WorkerProcess]:
        return [worker for generation in self._generations for worker in generation.workers]

    def _broadcast(self, sender: WorkerProcess, message: Message) -> None:
        for worker in self._workers():
            if worker is not sender:
                worker.forward(message)


async def _wait_ended(generations: Iterable[Generation]) -> None:
    await asyncio.gather(*(generation.wait_ended() for generation in generations))
