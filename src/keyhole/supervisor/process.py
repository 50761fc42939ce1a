"""One worker as the supervisor sees it: a process, and a channel to it (`channel.py` says what is spoken)."""

import asyncio
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from keyhole.errors import KeyholeError, SettingsError
from keyhole.supervisor.channel import Channel, Message, encode
from keyhole.supervisor.port import ListenAddress
from keyhole.telemetry.samples import Family

ANSWER_SECONDS = 120.0
"""How long a worker may take to check the settings, and then to open all that it needs."""
COUNT_SECONDS = 1.0
"""How long a worker may take to say what it has counted; then its last answer is taken."""


class WorkerFailed(KeyholeError):
    """A worker ended, or fell silent, before it could serve."""


@dataclass(frozen=True, slots=True)
class SettingsText:
    """The settings as they were read once for all workers of a generation; None when there is no file."""

    text: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the supervisor has to know of the settings."""

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


class WorkerProcess:
    """Made by `start`; then `prepare`, `serve`, and whatever `end` it comes to."""

    def __init__(self, process: Process, channel: Channel, end: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self._end = end
        self._counted = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self.families: list[Family] = []
        """What it had counted when it was last asked."""

    @classmethod
    async def start(cls) -> Self:
        ours, theirs = socket.socketpair()
        with theirs:
            # A process group of its own: a terminal's Ctrl-C is for the supervisor, which tells its workers.
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "keyhole.runtime.worker", str(theirs.fileno()),
                stdin=DEVNULL, pass_fds=(theirs.fileno(),), process_group=0,
            )  # fmt: skip
        return cls(process, await Channel.open(ours), ours.dup())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._process.returncode

    async def prepare(self, settings: SettingsText) -> Facts:
        """Has the settings checked. Raises SettingsError, WorkerFailed."""
        self._channel.send({"settings": settings.text, "source": settings.source})
        return Facts.of((await self._answer())["prepared"])

    async def serve(
        self,
        sockets: Sequence[socket.socket],
        heard: Callable[["WorkerProcess", Message], None],
        ended: Callable[["WorkerProcess"], None],
    ) -> None:
        """Hands it the sockets and waits until all else is open. Raises SettingsError, WorkerFailed.

        It accepts on none yet. `heard` is called with what it has to say to others, `ended` at last.
        """
        with self._end:
            socket.send_fds(self._end, [encode({"serve": True})], [listener.fileno() for listener in sockets])
        await self._answer()
        self._listening = asyncio.get_running_loop().create_task(self._listen(heard, ended))

    def accept(self, indexes: Sequence[int]) -> None:
        """It accepts on these of its sockets from now on and on no others."""
        self._channel.send({"accept": list(indexes)})

    def end(self, seconds: float | None) -> None:
        """It accepts no more, and ends with its last session, or after so many seconds."""
        self._channel.send({"end": seconds})

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()

    async def gone(self) -> None:
        """Waits for its end."""
        if self._listening is not None:
            await asyncio.shield(self._listening)
            return
        await self._process.wait()
        self._end.close()
        await self._channel.close()

    async def count(self) -> None:
        """Renews `families`, if it answers in time."""
        self._counted.clear()
        self._channel.send({"count": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(COUNT_SECONDS):
                await self._counted.wait()

    def tell(self, message: Message) -> None:
        """Hands on what another worker had to say."""
        self._channel.send(message)

    def tell_counts(self, families: Sequence[Family]) -> None:
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

    async def _listen(
        self, heard: Callable[["WorkerProcess", Message], None], ended: Callable[["WorkerProcess"], None]
    ) -> None:
        while (message := await self._channel.receive()) is not None:
            if "counted" in message:
                self.families = message["counted"]
                self._counted.set()
            else:
                heard(self, message)
        self._counted.set()
        await self._channel.close()
        await self._process.wait()
        ended(self)
