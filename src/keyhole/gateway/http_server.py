"""The HTTP server behind the front door: uvicorn's protocol, serving the application on connections handed to it.

What uvicorn leaves open is closed here, for the second and later requests of a connection too: the size of a request
head, the time it may take, and a WebSocket upgrade on a connection that served pages before (reverse proxies reuse
connections), which goes back to the front door.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.write_coalescer import WriteCoalescer
from keyhole.ports.http import REQUEST_ARRIVED
from keyhole.protocols.http.connect import refusal
from keyhole.protocols.http.head import HEAD_LIMIT_BYTES
from keyhole.reasons import Reason
from keyhole.telemetry.telemetry import Surface, Telemetry

API_PREFIXES = ("/compute", "/identity", "/v1/")
"""Paths on which an upgrade opens no console."""

KEEP_ALIVE_SECONDS = 20
"""How long a connection may be idle between two requests."""


class HttpServer:
    """Makes protocols for connections; `retake(transport, head)` gets those that upgrade later on."""

    def __init__(
        self, application: Any, telemetry: Telemetry, deadlines: Deadlines, head_bytes: int = HEAD_LIMIT_BYTES
    ) -> None:
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
        self.deadlines = deadlines
        self.head_bytes = head_bytes
        self.retake: Callable[[asyncio.Transport, bytes], None] | None = None
        self.retired = False
        self.seconds = 0
        """How long the service has run, by its ticks."""

    def protocol(self) -> "HttpProtocol":
        """A protocol for one more connection."""
        return HttpProtocol(self, self._config)

    def tick(self) -> None:
        """Sets the Date header's value and closes connections that are idle for too long. Called once a second."""
        self.state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        self.seconds += 1
        for protocol in tuple(self.state.connections):
            if isinstance(protocol, HttpProtocol) and self.seconds - protocol.idle_since > KEEP_ALIVE_SECONDS:
                protocol.transport.close()

    def retire(self) -> None:
        """Lets each connection end after the request under way; none takes another."""
        self.retired = True
        for protocol in tuple(self.state.connections):
            protocol.shutdown()

    async def close(self, seconds: float) -> None:
        """Lets the requests under way end, for so long, and closes every connection."""
        for protocol in tuple(self.state.connections):
            protocol.shutdown()
        if self.state.tasks:
            await asyncio.wait(self.state.tasks, timeout=seconds)
        for protocol in tuple(self.state.connections):
            protocol.transport.abort()
        late = tuple(self.state.tasks)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)


class HttpProtocol(HttpToolsProtocol):
    """One connection's requests, one head at a time."""

    def __init__(self, server: HttpServer, config: uvicorn.Config) -> None:
        super().__init__(config, server.state, app_state={})
        self._server = server
        self._in_head = True
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self.idle_since: float = math.inf
        """The server's second in which the last answer was given; never, while a request is under way."""
        self.logger = _quiet_logger(server.telemetry)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._below = transport
        super().connection_made(WriteCoalescer(transport))

    def data_received(self, data: bytes) -> None:
        self.idle_since = math.inf
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._server.retired and self.cycle is not None and self in self.connections:
            self.shutdown()
        if self._in_head and self._head_bytes > self._server.head_bytes and not self.transport.is_closing():
            self._refuse(431, "Request Header Fields Too Large", Reason.REQUEST_TOO_LARGE)
        elif self._in_head and self._head_bytes and self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(
                self._server.deadlines.head, self._refuse, 408, "Request Timeout", Reason.REQUEST_TOO_SLOW
            )

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        self._stop_timer()
        self.scope[REQUEST_ARRIVED] = self._has_arrived  # type: ignore[literal-required]
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """As uvicorn's, but that the server's clock watches over idle connections: a timer for each answer is dear."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self.idle_since = self._server.seconds

    def _has_arrived(self) -> bool:
        return self._in_head

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _should_upgrade_to_ws(self) -> bool:
        return self._server.retake is not None and not self.url.decode("latin-1").startswith(API_PREFIXES)

    def handle_websocket_upgrade(self) -> None:
        self.connections.discard(self)
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/1.1"]
        lines += [name + b": " + value for name, value in self.headers]
        assert self._server.retake is not None
        self._server.retake(self._below, b"\r\n".join([*lines, b"", b""]))

    def _refuse(self, status: int, phrase: str, reason: Reason) -> None:
        self._head_timer = None
        self._server.telemetry.refused(reason, Surface.GATEWAY, phrase)
        self.transport.write(refusal(status, phrase))
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


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
