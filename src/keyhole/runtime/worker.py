"""`python -m keyhole.runtime.worker CHANNEL`: one process of the service, started and controlled by the supervisor.

It takes commands only from the channel (`supervisor/channel.py` defines the protocol), not from signals, and ends when
the supervisor is gone.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
from dataclasses import asdict
from typing import Any

import uvloop

from keyhole import config
from keyhole.config import Settings
from keyhole.errors import SettingsError
from keyhole.identity.login_throttle import LoginResult
from keyhole.net.threads import prepare_threads
from keyhole.runtime.assemble import Service
from keyhole.runtime.build import check, running
from keyhole.supervisor.channel import Channel, Message, ask_supervisor, encode, receive_sockets
from keyhole.telemetry.exposition import families_of
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.samples import Family
from keyhole.telemetry.telemetry import Telemetry

RETRY_SECONDS = 1.0
"""How long accepting pauses when a socket could not be used."""

SCRAPE_SECONDS = 3.0
"""How long the other workers may take to report their metrics; then this process reports only its own."""


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    end = socket.socket(fileno=int(sys.argv[1]))
    settings = _prepare(end)
    if settings is None:
        return
    sockets = receive_sockets(end)
    if sockets:
        uvloop.run(_work(settings, end, sockets))


def _prepare(end: socket.socket) -> Settings | None:
    """Reads and checks the settings, and tells the supervisor what it needs; None when there is nothing to do."""
    question = ask_supervisor(end)
    if question is None:
        return None
    text, source = question["settings"], question["source"]
    try:
        settings = config.make({}, source=source) if text is None else config.parse(text.encode(), source=source)
        check(settings)
    except SettingsError as error:
        end.sendall(encode({"refused": str(error)}))
        return None
    end.sendall(encode({"prepared": _facts(settings)}))
    return settings


def _facts(settings: Settings) -> dict[str, Any]:
    """`supervisor.process.Facts` as JSON."""
    facts = {
        "place": asdict(settings.listen_address),
        "listen": settings.server.listen,
        "url": settings.public_url,
        "workers": settings.server.workers,
        "drain_seconds": settings.sessions.drain_seconds,
    }
    if settings.admin_listen_address is not None:
        facts["admin_place"] = asdict(settings.admin_listen_address)
    return facts


async def _work(settings: Settings, end: socket.socket, sockets: list[socket.socket]) -> None:
    await prepare_threads()
    channel = await Channel.open(end)
    telemetry = Telemetry(make_logger().bind(worker=os.getpid()))
    public = sockets[:-1] if settings.server.admin_listen else sockets
    worker = _Worker(channel, telemetry, public, sockets[len(public) :])
    try:
        async with running(settings, telemetry, worker.count, worker.report) as service:
            gc.freeze()  # objects created so far are permanent: garbage collection need not visit them
            channel.send({"ready": True, "pongs": True})
            await worker.run_commands(service, settings.sessions.drain_seconds)
    except SettingsError as error:
        channel.send({"refused": str(error)})
    channel.send({"counted": families_of(telemetry.registry)})
    await channel.close()


class _Worker:
    """Carries out the supervisor's commands. `sockets` are those of the public port, `admin_sockets` the admins'."""

    def __init__(
        self,
        channel: Channel,
        telemetry: Telemetry,
        sockets: list[socket.socket],
        admin_sockets: list[socket.socket],
    ) -> None:
        self._channel = channel
        self._telemetry = telemetry
        self._sockets = sockets
        self._admin_sockets = admin_sockets
        self._scrapes: set[asyncio.Future[list[Family]]] = set()
        self._wanted: list[socket.socket] = []
        self._accepting: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        """Held while the listening sockets change, which must not stop half-way."""
        self._drain: asyncio.Task[None] | None = None
        self._drained = asyncio.Event()

    async def run_commands(self, service: Service, orphan_seconds: int) -> None:
        """Runs until it is told to end and has drained; without a supervisor, its sessions have this many seconds."""
        commands = asyncio.create_task(self._receive_commands(service))  # noqa: TID251  # ended here
        drained = asyncio.create_task(self._drained.wait())  # noqa: TID251  # awaited here
        await asyncio.wait({commands, drained}, return_when=asyncio.FIRST_COMPLETED)
        if commands.done():
            commands.result()
            self._end(service, orphan_seconds)
            await drained
        commands.cancel()

    async def count(self) -> list[Family]:
        """The metrics of the whole service, or only of this process if those of the others are not available."""
        answer: asyncio.Future[list[Family]] = asyncio.get_running_loop().create_future()
        self._scrapes.add(answer)
        self._channel.send({"scraped": True})
        try:
            async with asyncio.timeout(SCRAPE_SECONDS):
                return await answer
        except TimeoutError:
            return families_of(self._telemetry.registry)
        finally:
            self._scrapes.discard(answer)

    def report(self, outcome: LoginResult) -> None:
        """Reports the result of a sign-in to the other workers."""
        self._channel.send({"attempt": asdict(outcome)})

    async def _receive_commands(self, service: Service) -> None:
        """Runs until the supervisor is gone. A command that fails ends no session: it is logged, and the next one
        follows.
        """
        while (message := await self._channel.receive()) is not None:
            try:
                self._take(message, service)
            except Exception as error:
                self._telemetry.service_failed("orders", error)

    def _take(self, message: Message, service: Service) -> None:
        match message:
            case {"accept": indexes}:
                self._accept(service, [self._sockets[index] for index in indexes])
            case {"end": seconds}:
                self._end(service, seconds)
            case {"attempt": outcome}:
                service.throttle.record_remote(LoginResult(**outcome))
            case {"count": _}:
                self._channel.send({"counted": families_of(self._telemetry.registry)})
            case {"counts": families}:
                for answer in self._scrapes:
                    if not answer.done():  # the caller may have given up in this iteration of the loop
                        answer.set_result(families)
            case {"ping": _}:
                self._channel.send({"pong": True})

    def _accept(self, service: Service, sockets: list[socket.socket]) -> None:
        """Starts accepting on these sockets and no others, soon."""
        self._wanted = sockets
        if self._accepting is None or self._accepting.done():
            self._accepting = asyncio.create_task(self._accept_on_wanted(service))  # noqa: TID251  # kept as long as self

    async def _accept_on_wanted(self, service: Service) -> None:
        """Accepts as last commanded. If that fails (no descriptor is free) it is retried: sessions continue."""
        accepted: list[socket.socket] | None = None
        reported = ""
        while (wanted := self._wanted) is not accepted:
            async with self._lock:
                if self._drain is not None:
                    return
                try:
                    await service.accept(wanted, self._admin_sockets)
                    accepted = wanted
                    continue
                except OSError as error:
                    problem = f"cannot accept connections on all sockets: {error.strerror}; tried again every second"
            if problem != reported:
                self._telemetry.service_degraded("listener", problem)
            reported = problem
            await asyncio.sleep(RETRY_SECONDS)

    def _end(self, service: Service, seconds: float | None) -> None:
        """Begins to drain; a later command replaces an earlier one."""
        if self._drain is not None:
            self._drain.cancel()
        self._drain = asyncio.create_task(self._drained_after(service, seconds))  # noqa: TID251  # kept as long as self

    async def _drained_after(self, service: Service, seconds: float | None) -> None:
        async with self._lock:
            await service.retire()
        for listener in (*self._sockets, *self._admin_sockets):
            listener.close()
        await service.drain(seconds)
        self._drained.set()


if __name__ == "__main__":
    main()
