"""The HTTP server behind the front door: uvicorn's protocol, serving the application on connections passed to it.

It limits the number of connections of one address, closes those that are idle for too long, and closes idle ones when
no file descriptors are left. The limits of one connection are in `http_protocol`.
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
    """Creates protocols for connections. One address may have at most `per_address` of them; 0: no limit."""

    def __init__(
        self,
        application: Any,
        telemetry: Telemetry,
        deadlines: Deadlines,
        head_bytes: int = HEAD_LIMIT_BYTES,
        per_address: int = 0,
        descriptors: Descriptors | None = None,
    ) -> None:
        """With another server's `descriptors`, that server's tick checks the process."""
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
        self.descriptors.add(self._close_idle)
        self._watches_process = descriptors is None
        self.retired = False
        self.seconds = 0
        """How long the service has run, counted by its ticks."""
        self._per_address = per_address
        self._connections: set[HttpProtocol] = set()
        self._of_network: defaultdict[str, set[HttpProtocol]] = defaultdict(set)

    def protocol(self, network: str | None = None, on_console: OnConsole | None = None) -> HttpProtocol:
        """A protocol for a new connection, which counts for that address. Raises LimitReached.

        `on_console(transport, received)` gets the connection when a later request opens a console; None: none does. At
        the limit, the new connection replaces the address's connection that has been idle for longest, if there is one.
        """
        if network is not None and self._per_address and len(self._of_network.get(network, ())) >= self._per_address:
            self._evict_idle(network)
        return HttpProtocol(self, self._config, network, on_console)

    def joined(self, protocol: HttpProtocol) -> None:
        """The server has this connection from now on."""
        self._connections.add(protocol)
        if protocol.network is not None:
            self._of_network[protocol.network].add(protocol)

    def left(self, protocol: HttpProtocol) -> None:
        """A connection has ended or was passed on."""
        self._connections.discard(protocol)
        if protocol.network is not None and (others := self._of_network.get(protocol.network)):
            others.discard(protocol)
            if not others:
                del self._of_network[protocol.network]

    def tick(self) -> None:
        """Sets the Date header's value, closes connections that are idle for too long, checks for a lack of
        descriptors, and makes the telemetry report refusals that were not logged. Called once a second.
        """
        self.state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        self.seconds += 1
        for protocol in tuple(self._connections):
            if protocol.idle_seconds(self.seconds) > KEEP_ALIVE_SECONDS:
                protocol.transport.close()
        if self._watches_process:
            self.descriptors.check()
            self.telemetry.refusals_left_out()

    def retire(self) -> None:
        """Ends each connection after its current request."""
        self.retired = True
        for protocol in tuple(self._connections):
            protocol.shutdown()

    async def close(self, seconds: float) -> None:
        """Gives current requests this long to end, and closes every connection."""
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

    def _evict_idle(self, network: str) -> None:
        idle = [protocol for protocol in self._of_network[network] if protocol.is_idle]
        if not idle:
            raise LimitReached(
                Reason.LIMIT_ADDRESS,
                f"{self._per_address} connections from this address have requests under way, as many as are allowed",
            )
        self._end(max(idle, key=lambda protocol: protocol.idle_seconds(self.seconds)))

    def _close_idle(self) -> int:
        idle = [protocol for protocol in self._connections if protocol.is_idle]
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
            return  # a request that Keyhole ended
        self._telemetry.service_failed("http", error or RuntimeError(record.getMessage()))


def _quiet_logger(telemetry: Telemetry) -> logging.Logger:
    """A separate logger for uvicorn: its errors go to the telemetry, other messages are dropped."""
    logger = logging.Logger("keyhole.http", logging.ERROR)
    logger.addHandler(_ObserverHandler(telemetry))
    return logger
