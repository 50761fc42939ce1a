"""The HTTP server behind the front door: uvicorn's protocol, serving the application on connections handed to it.

It bounds how many connections one address has, closes those that are idle for too long, and makes room when there are
no file descriptors left. What a connection may do is in `http_protocol`.
"""

import asyncio
import logging
from collections import defaultdict
from email.utils import formatdate
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from keyhole.errors import LimitReached
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.descriptors import Descriptors
from keyhole.gateway.http_protocol import HttpProtocol, OnConsole
from keyhole.protocols.http.head import HEAD_LIMIT_BYTES
from keyhole.reasons import Reason
from keyhole.telemetry.telemetry import Telemetry

KEEP_ALIVE_SECONDS = 20
"""How long a connection may be idle between two requests."""


class HttpServer:
    """Makes protocols for connections. One address has at most `per_address` of them; 0: any number."""

    def __init__(
        self,
        application: Any,
        telemetry: Telemetry,
        deadlines: Deadlines,
        head_bytes: int = HEAD_LIMIT_BYTES,
        per_address: int = 0,
        descriptors: Descriptors | None = None,
    ) -> None:
        """With another server's `descriptors`, it is that server which looks after the process once a second."""
        self._config = uvicorn.Config(
            application,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
        )
        self._config.load()
        self.state = ServerState()
        self.telemetry = telemetry
        self.logger = _quiet_logger(telemetry)
        self.deadlines = deadlines
        self.head_bytes = head_bytes
        self.descriptors = descriptors or Descriptors(telemetry)
        self.descriptors.add(self._spare)
        self._watches_process = descriptors is None
        self.retired = False
        self.seconds = 0
        """How long the service has run, by its ticks."""
        self._per_address = per_address
        self._connections: set[HttpProtocol] = set()
        self._of_network: defaultdict[str, set[HttpProtocol]] = defaultdict(set)

    def protocol(self, network: str | None = None, on_console: OnConsole | None = None) -> HttpProtocol:
        """A protocol for one more connection, which counts for that address. Raises LimitReached.

        `on_console(transport, received)` gets the connection when a later request opens a console; None: none does.
        The connection of this address that has been idle for longest makes way, if there is one.
        """
        if network is not None and self._per_address and len(self._of_network.get(network, ())) >= self._per_address:
            self._make_way(network)
        return HttpProtocol(self, self._config, network, on_console)

    def joined(self, protocol: HttpProtocol) -> None:
        """A connection is the server's from now on."""
        self._connections.add(protocol)
        if protocol.network is not None:
            self._of_network[protocol.network].add(protocol)

    def left(self, protocol: HttpProtocol) -> None:
        """A connection is gone, or somebody else's."""
        self._connections.discard(protocol)
        if protocol.network is not None and (others := self._of_network.get(protocol.network)):
            others.discard(protocol)
            if not others:
                del self._of_network[protocol.network]

    def tick(self) -> None:
        """Sets the Date header's value, closes connections that are idle for too long, looks for a lack of descriptors,
        and has the telemetry tell of a flood that is over. Called once a second.
        """
        self.state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        self.seconds += 1
        for protocol in tuple(self._connections):
            if protocol.idle_seconds(self.seconds) > KEEP_ALIVE_SECONDS:
                protocol.transport.close()
        if self._watches_process:
            self.descriptors.look()
            self.telemetry.refusals_left_out()

    def retire(self) -> None:
        """Lets each connection end after the request under way; none takes another."""
        self.retired = True
        for protocol in tuple(self._connections):
            protocol.shutdown()

    async def close(self, seconds: float) -> None:
        """Lets the requests under way end, for so long, and closes every connection."""
        for protocol in tuple(self._connections):
            protocol.shutdown()
        if self.state.tasks:
            await asyncio.wait(self.state.tasks, timeout=seconds)
        for protocol in tuple(self._connections):
            protocol.transport.abort()
        late = tuple(self.state.tasks)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    def _make_way(self, network: str) -> None:
        idle = [protocol for protocol in self._of_network[network] if protocol.can_be_spared]
        if not idle:
            raise LimitReached(
                Reason.LIMIT_ADDRESS,
                f"{self._per_address} connections from this address have requests under way, as many as are allowed",
            )
        self._end(max(idle, key=lambda protocol: protocol.idle_seconds(self.seconds)))

    def _spare(self) -> int:
        idle = [protocol for protocol in self._connections if protocol.can_be_spared]
        for protocol in idle:
            self._end(protocol)
        return len(idle)

    def _end(self, protocol: HttpProtocol) -> None:
        self.left(protocol)
        protocol.transport.abort()  # over TLS, closing would wait for the peer


class _ObserverHandler(logging.Handler):
    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__(logging.ERROR)
        self._telemetry = telemetry

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, asyncio.CancelledError):
            return  # a request that we ended ourselves
        self._telemetry.service_failed("http", error or RuntimeError(record.getMessage()))


def _quiet_logger(telemetry: Telemetry) -> logging.Logger:
    """A logger of our own for uvicorn: its errors go to the telemetry, its remarks nowhere."""
    logger = logging.Logger("keyhole.http", logging.ERROR)
    logger.addHandler(_ObserverHandler(telemetry))
    return logger
