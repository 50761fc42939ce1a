"""One connection's requests to the HTTP server, one at a time.

uvicorn's protocol parses everything that one read returned into waiting requests, which take far more memory than
their bytes. Here the next request stays unparsed until the previous one is answered, and reading pauses meanwhile. So
nothing that arrives later, such as a malformed request or an upgrade, can interfere with a request and its answer.

Every request's head is limited in size and time. A request that opens a console (reverse proxies reuse connections)
goes back to the front door; any other upgrade is ignored (RFC 9110 7.8).
"""

import asyncio
import math
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

import httptools
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from keyhole.errors import ProtocolError, TooLarge
from keyhole.gateway.routing import CONSOLE_PATH, classify
from keyhole.gateway.write_coalescer import WriteCoalescer
from keyhole.net.peers import peer_name
from keyhole.ports.http import REQUEST_ARRIVED
from keyhole.protocols.http.connect import refusal
from keyhole.protocols.http.head import RequestHead, RequestHeadReader
from keyhole.protocols.http.pieces import Pieces
from keyhole.reasons import Reason
from keyhole.statuses import STATUSES
from keyhole.telemetry.telemetry import Surface

if TYPE_CHECKING:
    from keyhole.gateway.http_server import HttpServer

_CONSOLE_PATH = CONSOLE_PATH.encode()


OnConsole = Callable[[asyncio.Transport, bytes], None]
"""Takes over a connection, with the received bytes that were not answered."""


class HttpProtocol(HttpToolsProtocol):
    """One connection. `network` is the address that it counts for, None if it counts for none."""

    parser: httptools.HttpRequestParser

    def __init__(
        self,
        server: "HttpServer",
        config: uvicorn.Config,
        network: str | None,
        on_console: OnConsole | None,
    ) -> None:
        super().__init__(config, server.state, app_state={})
        self.network = network
        self._server = server
        self._on_console = on_console
        self._unparsed = Pieces()
        self._in_head = True
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._idle_since: float = math.inf
        self.logger = server.logger

    # From the transport.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._below = transport
        super().connection_made(WriteCoalescer(transport))
        self.flow = self._flow = _Flow(self.transport)
        self._server.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._unparsed.take_all()
        self._server.left(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unparsed.receive_data(data)
        self._parse()

    # Called by the server.

    def idle_seconds(self, now: float) -> float:
        """How long ago the last request was answered; negative while another request is being served.

        An unread body does not count: a client that only continues to send it is idle.
        """
        return now - self._idle_since

    @property
    def is_idle(self) -> bool:
        """Whether the connection can be closed now without losing a request or an answer."""
        return self._idle_since < math.inf and not self._unparsed and not self.transport.get_write_buffer_size()

    # One request after the other.

    def _parse(self) -> None:
        """Parses the available bytes of the current request, and of the next one once this one is answered."""
        while not self._below.is_closing():
            if self._in_head and self._is_answering and self._unparsed:
                self._flow.hold()
                return
            piece = self._unparsed.take()
            if not piece:
                break
            self._parse_piece(piece)
        self._flow.release()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _parse_piece(self, piece: bytes) -> None:
        if self._in_head:
            self._idle_since = math.inf
            self._head_bytes += len(piece)
            if self._head_bytes > self._server.head_bytes:
                self._refuse(Reason.REQUEST_TOO_LARGE)
                return
        self._feed(piece)
        if self._server.retired and self._is_answering:
            self.shutdown()
        if self._in_head and self._head_bytes and self._head_timer is None and not self._below.is_closing():
            self._head_timer = self.loop.call_later(self._server.deadlines.head, self._refuse, Reason.REQUEST_TOO_SLOW)

    def _feed(self, piece: bytes) -> None:
        try:
            self.parser.feed_data(piece)
            return
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
        except httptools.HttpParserError as error:
            cause = error
        match cause:
            case _OpensConsole(head=head):
                self._return_to_front_door(head)
            case _OtherUpgrade(head=head):
                self.parser = httptools.HttpRequestParser(self)
                self._feed(head)
            case TooLarge():
                self._refuse(Reason.REQUEST_TOO_LARGE)
            case ProtocolError():
                self._refuse(Reason.REQUEST_MALFORMED, str(cause))
            case _:
                self._refuse(Reason.REQUEST_MALFORMED, "The request is not valid HTTP/1.1.")

    # From the parser. Exceptions raised here reach `_feed`.

    def on_headers_complete(self) -> None:
        hosts = length = 0
        for name, value in self.headers:
            if name == b"host":
                hosts += 1
            elif name == b"content-length":
                length = int(value)
        if self.parser.should_upgrade() or _CONSOLE_PATH in self.url:
            self._check_other_use()
        if hosts > 1 or (not hosts and self.parser.get_http_version() == "1.1"):
            raise ProtocolError("The request does not have exactly one Host header.")
        self._in_head = False
        self._head_bytes = 0
        self._unparsed.expect_body(length)
        self._stop_timer()
        self.scope[REQUEST_ARRIVED] = self._has_arrived  # type: ignore[literal-required]
        super().on_headers_complete()

    def _check_other_use(self) -> None:
        """Raises _OpensConsole, or _OtherUpgrade for an upgrade that is to be ignored."""
        head = self._head(b"")
        if self._on_console is not None and classify(head).opens_console:
            raise _OpensConsole(head.raw)
        if self.parser.should_upgrade():
            raise _OtherUpgrade(self._head(b"upgrade").raw)

    def _head(self, without: bytes) -> RequestHead:
        """The request's head, without one header. Raises ProtocolError if the front door would refuse it."""
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        lines += [name + b": " + value for name, value in self.headers if name != without]
        head = RequestHeadReader(self._server.head_bytes).receive_data(b"\r\n".join([*lines, b"", b""]))
        if head is None:
            raise ProtocolError("The request head is incomplete.")
        return head

    def on_message_complete(self) -> None:
        self._in_head = True
        super().on_message_complete()

    def _has_arrived(self) -> bool:
        return self._in_head

    # From the answer.

    def on_response_complete(self) -> None:
        """As uvicorn's, but the server's tick closes idle connections: a timer for each answer is expensive."""
        self.server_state.total_requests += 1
        if self._below.is_closing():
            return
        self.flow.resume_reading()
        self._idle_since = self._server.seconds
        if self._unparsed:
            self.loop.call_soon(self._parse)

    # The ends.

    def _return_to_front_door(self, head: bytes) -> None:
        """Returns the connection to the front door, with all unparsed bytes."""
        following = self._unparsed.take_all()
        self._head_bytes = 0
        self._stop_timer()
        self.connections.discard(self)
        self._server.left(self)
        self.transport.flush()  # type: ignore[attr-defined]
        self._flow.release()
        assert self._on_console is not None
        self._on_console(self._below, head + following)

    def _refuse(self, reason: Reason, message: str = "") -> None:
        self._stop_timer()
        status = STATUSES[reason].gateway or 400
        detail = message or HTTPStatus(status).phrase
        self._server.telemetry.refused(reason, Surface.GATEWAY, detail, viewer=peer_name(self._below))
        if not self._is_answering or not self.cycle.response_started:
            self.transport.write(refusal(status, f"{message}\n" if message else ""))
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class _OpensConsole(Exception):
    """The request must go back to the front door."""

    def __init__(self, head: bytes) -> None:
        super().__init__()
        self.head = head


class _OtherUpgrade(Exception):
    """The request asks for an unsupported upgrade; `head` is the request without it."""

    def __init__(self, head: bytes) -> None:
        super().__init__()
        self.head = head


class _Flow(FlowControl):
    """uvicorn's, but reading stays paused while bytes are held, whatever the application requests."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self._holds = False

    def hold(self) -> None:
        self._holds = True
        self.pause_reading()

    def release(self) -> None:
        if self._holds:
            self._holds = False
            self.resume_reading()

    def resume_reading(self) -> None:
        if self.read_paused and not self._holds:
            super().resume_reading()
