"""`python -m keyhole.runtime.worker CHANNEL`: one process of the service, started and ordered by the supervisor.

It takes its orders from the channel alone (`supervisor/channel.py` says what is spoken), no signal, and ends when the
supervisor is gone.
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
from keyhole.runtime.build import Service, check, running
from keyhole.supervisor.channel import Channel, ask_supervisor, encode, receive_sockets
from keyhole.telemetry.exposition import families_of
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.samples import Family
from keyhole.telemetry.telemetry import Telemetry

SCRAPE_SECONDS = 3.0
"""How long the others may take to say what they have counted; then this process speaks for itself alone."""


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
    """Reads and checks the settings, and tells the supervisor what it has to know; None when there is nothing to do."""
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
    channel = await Channel.open(end)
    telemetry = Telemetry(make_logger().bind(worker=os.getpid()))
    public = sockets[:-1] if settings.server.admin_listen else sockets
    worker = _Worker(channel, telemetry, public, sockets[len(public) :])
    try:
        async with running(settings, telemetry, worker.count, worker.tell) as service:
            gc.freeze()  # what is there by now stays: collecting garbage need not go through it again and again
            channel.send({"ready": True})
            await worker.obey(service, settings.sessions.drain_seconds)
    except SettingsError as error:
        channel.send({"refused": str(error)})
    channel.send({"counted": families_of(telemetry.registry)})
    await channel.close()


class _Worker:
    """Does what the supervisor says. `sockets` are those of the public port, `admin_sockets` the admins'."""

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
        self._scrapes: list[asyncio.Future[list[Family]]] = []
        self._drain: asyncio.Task[None] | None = None
        self._drained = asyncio.Event()

    async def obey(self, service: Service, orphan_seconds: int) -> None:
        """Until it was told to end, and has drained; without a supervisor, so many seconds are left to its sessions."""
        loop = asyncio.get_running_loop()
        orders, drained = loop.create_task(self._take_orders(service)), loop.create_task(self._drained.wait())
        await asyncio.wait({orders, drained}, return_when=asyncio.FIRST_COMPLETED)
        if orders.done():
            orders.result()
            self._end(service, orphan_seconds)
            await drained
        orders.cancel()

    async def count(self) -> list[Family]:
        """The metrics of the whole service, or of this process alone when nobody knows those of the others."""
        answer: asyncio.Future[list[Family]] = asyncio.get_running_loop().create_future()
        self._scrapes.append(answer)
        self._channel.send({"scraped": True})
        try:
            async with asyncio.timeout(SCRAPE_SECONDS):
                return await answer
        except TimeoutError:
            self._scrapes.remove(answer)
            return families_of(self._telemetry.registry)

    def tell(self, outcome: LoginResult) -> None:
        """Has the other workers told how a sign-in went."""
        self._channel.send({"attempt": asdict(outcome)})

    async def _take_orders(self, service: Service) -> None:
        while (message := await self._channel.receive()) is not None:
            match message:
                case {"accept": indexes}:
                    await service.accept([self._sockets[index] for index in indexes], self._admin_sockets)
                case {"end": seconds}:
                    self._end(service, seconds)
                case {"attempt": outcome}:
                    service.throttle.record_remote(LoginResult(**outcome))
                case {"count": _}:
                    self._channel.send({"counted": families_of(self._telemetry.registry)})
                case {"counts": families}:
                    for answer in self._scrapes:
                        answer.set_result(families)
                    self._scrapes.clear()

    def _end(self, service: Service, seconds: float | None) -> None:
        """Begins to drain; a later order counts instead of an earlier one."""
        if self._drain is not None:
            self._drain.cancel()
        self._drain = asyncio.get_running_loop().create_task(self._drained_after(service, seconds))

    async def _drained_after(self, service: Service, seconds: float | None) -> None:
        await service.retire()
        for listener in (*self._sockets, *self._admin_sockets):
            listener.close()
        await service.drain(seconds)
        self._drained.set()


if __name__ == "__main__":
    main()
