"""The front door: reads the first request head of every connection and routes the connection.

- a WebSocket upgrade (outside the API's paths), a CONNECT, or a GET on /console without a browser's Accept opens a
  session;
- everything else, API and pages, goes to the HTTP server with its bytes untouched.

On a TLS port, a plain HTTP request for a page is redirected to https; any other is refused.

Heads that are malformed, too large or too slow are answered here (RFC 9112, RFC 6585), and so are connections beyond
the limit on handshakes. A connection counts from when it is accepted, its TLS handshake included, until its session
runs or its first request is passed to the HTTP server.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Protocol

from keyhole.core.limits import HandshakeLimits, Slot, Slots, StreamLimits
from keyhole.core.sessions.live import Sessions
from keyhole.core.sessions.selectors import Everything
from keyhole.errors import LimitReached, ProtocolError, TooLarge
from keyhole.gateway.connection import RawViewer, Viewer, WebSocketViewer
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.http_server import HttpServer
from keyhole.gateway.refusals import refuse_viewer
from keyhole.gateway.routing import RequestKind, check_host, classify
from keyhole.net.addresses import network_of
from keyhole.net.peers import address_of, name_of, peer_address, peer_name
from keyhole.net.proxies import Proxies
from keyhole.net.tasks import TaskSet
from keyhole.protocols.http.connect import redirection, refusal
from keyhole.protocols.http.head import RequestHead, RequestHeadReader
from keyhole.protocols.websocket.frames_in import FrameReader
from keyhole.protocols.websocket.upgrade import check_upgrade, choose_subprotocol
from keyhole.reasons import Reason
from keyhole.relay.closing import close_soon
from keyhole.statuses import STATUSES
from keyhole.telemetry.telemetry import Surface, Telemetry

REJECTED_SECONDS = 1.0
"""How long a connection without a slot may take to send its request: only then can it read its answer."""

Route = Callable[[asyncio.Transport, RequestHead, bytes, Slot], None]

OpenSession = Callable[[Viewer, RequestHead], Coroutine[None, None, None]]
"""Serves one viewer's request until its session runs by itself or the viewer is refused."""


class Accepting(Protocol):
    """Accepts connections for the front door."""

    def close(self) -> None:
        """Stops accepting."""

    async def wait_closed(self) -> None:
        """Waits until the last connection has ended; call it before `close`."""


class FrontDoor:
    """Creates a protocol for every accepted connection and keeps track of those not passed on yet.

    It ends `sessions` when it closes. Without `open_session` it opens no consoles: the HTTP server gets all requests.
    Plain requests on a TLS port are redirected to `public_url`.
    """

    def __init__(
        self,
        http: HttpServer,
        sessions: Sessions,
        telemetry: Telemetry,
        deadlines: Deadlines,
        handshakes: HandshakeLimits,
        open_session: OpenSession | None = None,
        streams: StreamLimits = StreamLimits(),  # noqa: B008  # frozen
        proxies: Proxies = Proxies(),  # noqa: B008  # frozen
        public_url: str = "",
    ) -> None:
        self.deadlines = deadlines
        self.head_bytes = http.head_bytes
        self.open_session = open_session
        self._sessions = sessions
        self._telemetry = telemetry
        self._streams = streams
        self._proxies = proxies
        self._handshakes = Slots(
            {Reason.LIMIT_ADDRESS: handshakes.per_address, Reason.LIMIT_HANDSHAKES: handshakes.total}
        )
        self.http = http
        self._public_url = public_url
        self._waiting: set[_HeadReader] = set()
        self._setups = TaskSet()

    def protocol(self, slot: Slot | None = None) -> asyncio.Protocol:
        """A protocol for an accepted connection, which may already have its slot."""
        return _HeadReader(self, self.route, slot)

    def plain_protocol(self, slot: Slot) -> asyncio.Protocol:
        """A protocol for a connection without TLS on a TLS port."""
        return _HeadReader(self, self._send_to_tls, slot)

    @property
    def is_busy(self) -> bool:
        """Whether a session is open or may be opened soon."""
        return bool(self.handshakes() or len(self._sessions))

    def handshakes(self) -> int:
        """How many connections have no session or request yet."""
        return self._handshakes.taken(Reason.LIMIT_HANDSHAKES)

    def take_slot(self, peer: object) -> Slot:
        """A slot for a new connection, by its socket's peer name. Raises LimitReached, and logs it."""
        address = address_of(peer)
        claims = {Reason.LIMIT_HANDSHAKES: ""}
        if address not in self._proxies:  # a proxy's connection is counted by its client, which the head names
            claims = {Reason.LIMIT_ADDRESS: network_of(address), **claims}
        try:
            return self._handshakes.take(claims)
        except LimitReached as failure:
            self._telemetry.refused(failure.reason, Surface.GATEWAY, str(failure), viewer=name_of(peer))
            raise

    def route(self, transport: asyncio.Transport, head: RequestHead, following: bytes, slot: Slot) -> None:
        """Passes on a connection by its first head. Raises ProtocolError for a malformed upgrade.

        The caller releases the slot unless it was passed on.
        """
        kind = classify(head)
        if self.open_session is None or not kind.opens_console:
            self._serve(transport, head.raw + following)
            return
        if kind is RequestKind.RAW_CONSOLE:
            viewer: Viewer = RawViewer()
        else:
            viewer = WebSocketViewer(check_upgrade(head).key, choose_subprotocol(head), self._frames())
        viewer.adopt(transport, following)
        transport.set_protocol(viewer)
        try:
            self._claim_forwarded(transport, head, slot)
        except LimitReached as failure:
            refuse_viewer(self._telemetry, viewer, failure, self.deadlines.linger)
            return
        self._spawn(self.open_session(viewer, head), slot.transfer())

    def _serve(self, transport: asyncio.Transport, received: bytes) -> None:
        """Passes a connection to the HTTP server. A proxy's connections are shared by many and count for no address."""
        peer = peer_address(transport)
        try:
            network = None if peer in self._proxies else network_of(peer)
            protocol = self.http.protocol(network, None if self.open_session is None else self._accept_again)
        except LimitReached as failure:
            self.refuse(transport, failure.reason, str(failure))
            return
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(received)

    def refuse(self, transport: asyncio.Transport, reason: Reason, message: str) -> None:
        """Answers a request that is not passed on."""
        self._telemetry.refused(reason, Surface.GATEWAY, message, viewer=peer_name(transport))
        transport.write(refusal(STATUSES[reason].gateway or 400, f"{message}\n"))
        close_soon(transport, self.deadlines.linger)

    def reject(self, transport: asyncio.Transport, failure: LimitReached) -> None:
        """Answers a connection for which there is no slot, whatever its request is."""
        transport.write(refusal(STATUSES[failure.reason].gateway or 503, f"{failure.reason}: {failure}\n"))
        transport.set_protocol(_Rejected(transport))

    def retire(self) -> None:
        """From now on each connection only finishes its current request; sessions continue."""
        self.http.retire()

    async def close(self, listener: Accepting) -> None:
        """Stops accepting, ends everything with a reason, and waits until the last connection has ended.

        No peer can delay this: each has only the deadlines' linger time to read its last message.
        """
        # Before the listener closes: afterwards it no longer waits for its connections (uvloop, Python 3.11).
        all_gone = asyncio.create_task(listener.wait_closed())  # noqa: TID251  # awaited below
        await asyncio.sleep(0)
        listener.close()
        self._sessions.terminate(Everything(), Reason.RESTARTING)
        for reader in tuple(self._waiting):
            reader.transport.abort()
        await self._setups.cancel()
        await self.http.close(self.deadlines.linger)
        await all_gone

    def _claim_forwarded(self, transport: asyncio.Transport, head: RequestHead, slot: Slot) -> None:
        """Takes a slot for the address of a proxy's client, too. Raises LimitReached."""
        peer = peer_address(transport)
        if peer in self._proxies:
            client = self._proxies.client_of(peer, head.get_all("x-forwarded-for"))
            slot.add({Reason.LIMIT_ADDRESS: network_of(client)})

    def _frames(self) -> FrameReader:
        limits = self._streams
        return FrameReader(limits.frame_bytes, limits.message_bytes, limits.messages_per_second)

    def _send_to_tls(self, transport: asyncio.Transport, head: RequestHead, following: bytes, slot: Slot) -> None:
        is_page = classify(head) is RequestKind.PAGE and head.method in ("GET", "HEAD") and head.path.startswith("/")
        if is_page and self._public_url.startswith("https://"):
            query = f"?{head.query}" if head.query else ""
            transport.write(redirection(f"{self._public_url}{head.path}{query}"))
            close_soon(transport, self.deadlines.linger)
            return
        message = "This port speaks TLS: the address begins with https:// or wss://."
        self.refuse(transport, Reason.TLS_REQUIRED, message)

    def _accept_again(self, transport: asyncio.Transport, head: bytes) -> None:
        reader = _HeadReader(self, self.route)
        transport.set_protocol(reader)
        reader.connection_made(transport)
        reader.data_received(head)

    def _spawn(self, setup: Coroutine[None, None, None], slot: Slot) -> None:
        self._setups.start(setup, partial(self._set_up, slot))

    def _set_up(self, slot: Slot, task: asyncio.Task[None]) -> None:
        slot.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._telemetry.service_failed("gateway", error)


class _HeadReader(asyncio.Protocol):
    """One connection until its first head is complete. Its slot counts from its creation."""

    def __init__(self, door: FrontDoor, route: Route, slot: Slot | None = None) -> None:
        self._door = door
        self._route = route
        self._reader = RequestHeadReader(door.head_bytes)
        self._given = slot
        self._slot: Slot
        self._timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        try:
            self._slot = (
                self._given.transfer() if self._given else self._door.take_slot(transport.get_extra_info("peername"))
            )
        except LimitReached as failure:
            self._door.reject(transport, failure)
            return
        self._door._waiting.add(self)
        self._timer = asyncio.get_running_loop().call_later(self._door.deadlines.head, self._too_slow)

    def data_received(self, data: bytes) -> None:
        if self._timer is None:
            return  # already answered
        try:
            head = self._reader.receive_data(data)
            if head is None:
                return
            self._forward_to_http(head)
        except TooLarge as error:
            self._refuse(Reason.REQUEST_TOO_LARGE, str(error))
        except ProtocolError as error:
            self._refuse(Reason.REQUEST_MALFORMED, str(error))

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def _forward_to_http(self, head: RequestHead) -> None:
        check_host(head)
        slot = self._slot.transfer()
        self._leave()
        try:
            self._route(self.transport, head, self._reader.trailing_data(), slot)
        finally:
            slot.release()

    def _too_slow(self) -> None:
        self._refuse(Reason.REQUEST_TOO_SLOW, "The request head did not arrive in time.")

    def _refuse(self, reason: Reason, message: str) -> None:
        self._leave()
        self._door.refuse(self.transport, reason, message)

    def _leave(self) -> None:
        self._door._waiting.discard(self)
        self._slot.release()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Rejected(asyncio.Protocol):
    """Waits briefly for the request before closing: closing earlier would reset the connection and lose the answer."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._timer = asyncio.get_running_loop().call_later(REJECTED_SECONDS, transport.close)

    def data_received(self, data: bytes) -> None:
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
