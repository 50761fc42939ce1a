"""One worker from the supervisor's side: a process, and a channel to it (`channel.py` describes the messages)."""

import asyncio
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, Protocol, Self

from keyhole.errors import KeyholeError, SettingsError
from keyhole.supervisor.channel import Channel, Message, encode
from keyhole.supervisor.port import ListenAddress
from keyhole.supervisor.pulse import Pulse
from keyhole.telemetry.samples import Family

ANSWER_SECONDS = 120.0
"""How long a worker may take to check the settings, and then to open everything that it needs."""
COUNT_SECONDS = 1.0
"""How long a worker may take to send its metrics; after that its previous ones are used."""


class WorkerFailed(KeyholeError):
    """A worker could not be started, or ended or stopped responding before it could serve."""


@dataclass(frozen=True, slots=True)
class SettingsText:
    """The settings, read once for all workers of a generation; None if there is no file."""

    text: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that the supervisor needs from the settings."""

    place: ListenAddress
    listen: str
    url: str
    workers: int
    drain_seconds: int
    admin_place: ListenAddress | None = None

    @classmethod
    def of(cls, facts: dict[str, Any]) -> "Facts":
        places: dict[str, Any] = {
            name: ListenAddress.of(facts[name]) for name in ("place", "admin_place") if name in facts
        }
        return cls(**{**facts, **places})


class WorkerWatcher(Protocol):
    """Receives the events of a serving worker."""

    def received(self, worker: "WorkerProcess", message: Message) -> None:
        """It sent a message for others."""

    def stopped_responding(self, worker: "WorkerProcess") -> None:
        """It no longer responds, but has not ended."""

    def recovered(self, worker: "WorkerProcess") -> None:
        """It responds again."""

    def ended(self, worker: "WorkerProcess") -> None:
        """It has ended; this is its last event."""


class WorkerProcess:
    """Created by `start`; call `prepare`, then `serve`, and finally `end` or `kill`."""

    def __init__(self, process: Process, channel: Channel, end: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self._end = end
        self._counted = asyncio.Event()
        self._is_lost = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self.families: list[Family] = []
        """Its metrics at the last request."""

    @classmethod
    async def start(cls) -> Self:
        """Raises WorkerFailed if the machine lacks resources for a process, after cleaning up."""
        with ExitStack() as undo:
            try:
                ours, theirs = socket.socketpair()
                undo.enter_context(ours)
                with theirs:
                    end = undo.enter_context(ours.dup())
                    process = await _spawn(theirs)
                try:
                    channel = await Channel.open(ours)
                except BaseException:
                    _kill(process)
                    await process.wait()
                    raise
            except (OSError, RuntimeError) as error:  # RuntimeError: no thread to wait for the process with
                raise WorkerFailed(f"a worker could not be started: {error}") from error
            undo.pop_all()
        return cls(process, channel, end)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._process.returncode

    @property
    def is_serving(self) -> bool:
        """Whether it runs and responds."""
        return not self._is_lost.is_set()

    async def prepare(self, settings: SettingsText) -> Facts:
        """Makes the worker check the settings. Raises SettingsError, WorkerFailed."""
        self._channel.send({"settings": settings.text, "source": settings.source})
        return Facts.of((await self._answer())["prepared"])

    async def serve(
        self,
        sockets: Sequence[socket.socket],
        watcher: WorkerWatcher,
    ) -> None:
        """Sends it the sockets and waits until everything else is open. Raises SettingsError, WorkerFailed.

        It accepts on no socket yet.
        """
        try:
            with self._end:
                socket.send_fds(self._end, [encode({"serve": True})], [listener.fileno() for listener in sockets])
        except OSError as error:
            raise WorkerFailed(f"a worker did not take the sockets: {error.strerror}") from error
        has_pulse = "pongs" in await self._answer()
        self._serving = asyncio.create_task(self._serve(watcher, has_pulse=has_pulse))  # noqa: TID251  # `wait_ended` awaits it

    def accept(self, indexes: Sequence[int]) -> None:
        """Makes it accept on exactly these of its sockets from now on."""
        self._channel.send({"accept": list(indexes)})

    def end(self, seconds: float | None) -> None:
        """Makes it stop accepting, and end with its last session or after this many seconds."""
        self._channel.send({"end": seconds})

    def kill(self) -> None:
        _kill(self._process)

    async def wait_ended(self) -> None:
        """Waits until it has ended."""
        if self._serving is not None:
            await asyncio.wait({self._serving})
            return
        await self._process.wait()
        self._end.close()
        await self._channel.close()

    async def lost(self) -> None:
        """Waits until it no longer serves: it has ended (`status` is not None), or does not respond."""
        await self._is_lost.wait()

    async def count(self) -> None:
        """Updates `families` if it answers in time. A worker that does not respond is not asked."""
        if not self.is_serving:
            return
        self._counted.clear()
        self._channel.send({"count": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(COUNT_SECONDS):
                await self._counted.wait()

    def forward(self, message: Message) -> None:
        """Passes on another worker's message. If this worker does not respond it is dropped: messages would pile up."""
        if self.is_serving:
            self._channel.send(message)

    def send_counts(self, families: Sequence[Family]) -> None:
        """Answers `scraped`."""
        self._channel.send({"counts": list(families)})

    async def _answer(self) -> Message:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._channel.receive()
                if answer is None:
                    status = await self._process.wait()
                    raise WorkerFailed(f"a worker ended while it started, with status {status}; see the log")
        except TimeoutError as error:
            raise WorkerFailed(f"a worker was not ready after {ANSWER_SECONDS:g} seconds") from error
        if "refused" in answer:
            raise SettingsError(answer["refused"])
        return answer

    async def _serve(self, watcher: WorkerWatcher, *, has_pulse: bool) -> None:
        pulse = Pulse(
            ask=lambda: self._channel.send({"ping": True}),
            lost=lambda: self._stopped_responding(watcher),
            found=lambda: self._recovered(watcher),
        )
        watching = asyncio.create_task(pulse.watch()) if has_pulse else None  # noqa: TID251  # cancelled below
        try:
            while (message := await self._channel.receive()) is not None:
                self._take(message, pulse, watcher)
        finally:
            if watching is not None:
                watching.cancel()
            self._counted.set()
            await self._channel.close()
            await self._process.wait()
            self._is_lost.set()
            watcher.ended(self)

    def _take(self, message: Message, pulse: Pulse, watcher: WorkerWatcher) -> None:
        if "pong" in message:
            pulse.answered()
        elif "counted" in message:
            self.families = message["counted"]
            self._counted.set()
        else:
            watcher.received(self, message)

    def _stopped_responding(self, watcher: WorkerWatcher) -> None:
        self._is_lost.set()
        watcher.stopped_responding(self)

    def _recovered(self, watcher: WorkerWatcher) -> None:
        self._is_lost.clear()
        watcher.recovered(self)


async def _spawn(channel: socket.socket) -> Process:
    # A separate process group: a terminal's Ctrl-C is for the supervisor, which tells its workers.
    return await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "keyhole.runtime.worker", str(channel.fileno()),
        stdin=DEVNULL, pass_fds=(channel.fileno(),), process_group=0,
    )  # fmt: skip


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
