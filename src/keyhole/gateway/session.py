"""A session from its viewer's request to its relay: admission, dialling the target, both handshakes.

Refusals before the upgrade (an invalid link or ticket, a wrong origin) are HTTP answers without a body; later failures
have a named reason that the page can read.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from keyhole.core.limits import Slot, StreamLimits
from keyhole.core.sessions.live import Sessions
from keyhole.errors import (
    KeyholeError,
    OriginRefused,
    Refusal,
    TicketRefused,
    TokenRefused,
)
from keyhole.gateway.admission import Admission, Entrance, admit
from keyhole.gateway.connection import RawViewer, Viewer, WebSocketViewer, enable_connection_keepalive
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.dial.leases import Leases
from keyhole.gateway.dial.target_line import TargetDialler, TargetLine
from keyhole.gateway.dial_queue import DialQueue
from keyhole.gateway.handshake.rfb import join_viewer
from keyhole.gateway.refusals import log_refusal, refuse_session, refuse_viewer
from keyhole.model import Grant, Protocol, Rights
from keyhole.net.peers import peer_name
from keyhole.net.tls_client import ClientContexts
from keyhole.ports.openings import Opening
from keyhole.protocols.http.connect import refusal
from keyhole.protocols.http.head import RequestHead
from keyhole.protocols.rfb.handshake.target import ServerInit
from keyhole.protocols.rfb.messages.client_filter import ClientMessageFilter
from keyhole.protocols.serial_input import SerialInput
from keyhole.reasons import Reason
from keyhole.relay.closing import close_soon
from keyhole.relay.console import Console
from keyhole.relay.endings import Ending, ending_of_target, ending_of_viewer
from keyhole.relay.read_buffer import ReadBuffer
from keyhole.relay.relay import Relay
from keyhole.relay.to_target import InputFilter
from keyhole.telemetry.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What opening a session needs."""

    entrance: Entrance
    sessions: Sessions
    telemetry: Telemetry
    leases: Leases
    clock: Callable[[], float]
    deadlines: Deadlines = field(default_factory=Deadlines)
    tls: ClientContexts = field(default_factory=ClientContexts)
    streams: StreamLimits = field(default_factory=StreamLimits)
    dial_queue: DialQueue = field(default_factory=DialQueue)
    buffer: ReadBuffer = field(default_factory=ReadBuffer)


async def open_session(parts: SessionParts, viewer: Viewer, head: RequestHead) -> None:
    """Serves one viewer's request until its session runs by itself, or the viewer was told why there is none."""
    started_at = parts.clock()
    try:
        admission = await admit(parts.entrance, head, can_resume=isinstance(viewer, WebSocketViewer))
    except (TokenRefused, TicketRefused, OriginRefused) as failure:
        _refuse_request(parts, viewer, head, failure)
        return
    except Refusal as failure:
        refuse_viewer(parts.telemetry, viewer, failure, parts.deadlines.linger)
        return
    viewer.upgrade(admission.set_cookie)
    grant = admission.opening.grant
    try:
        relay, viewer_payload, target_bytes = await _connect(parts, viewer, admission, started_at)
    except _NotOpened as failure:
        # Before the refusal: a viewer that reads it may retry the link at once.
        await _release_link(parts, admission)
        refuse_session(parts.telemetry, viewer, failure.ending, parts.deadlines.linger, grant)
    except BaseException as error:
        stopped = isinstance(error, asyncio.CancelledError)
        try:
            ending = Ending(Reason.RESTARTING if stopped else Reason.INTERNAL_ERROR)
            refuse_session(parts.telemetry, viewer, ending, parts.deadlines.linger, grant)
        finally:
            await _release_link(parts, admission)
        raise
    else:
        await _run(parts, admission, relay, viewer_payload, target_bytes)


async def _release_link(parts: SessionParts, admission: Admission) -> None:
    if admission.opening.uses_link:
        await parts.entrance.consoles.release(admission.opening.grant)


async def _run(
    parts: SessionParts, admission: Admission, relay: Relay, viewer_payload: bytes, target_bytes: bytes
) -> None:
    """Starts an open session's relay. If that fails, the session ends with a reason, as any session does.

    Its ticket then opens the console again or, without a ticket, its link.
    """
    try:
        relay.start(viewer_payload, target_bytes)
    except BaseException:
        try:
            relay.end(Reason.INTERNAL_ERROR)
        finally:
            if admission.opening.resume is None:
                await _release_link(parts, admission)
        raise


class _NotOpened(Exception):
    """The session's set-up failed on either side; `ending` says how."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.text)
        self.ending = ending


async def _connect(
    parts: SessionParts, viewer: Viewer, admission: Admission, started_at: float
) -> tuple[Relay, bytes, bytes]:
    """Opens the session; returns its relay and the bytes that the viewer and the target sent meanwhile.

    Raises _NotOpened.
    """
    line: TargetLine | None = None
    opening = admission.opening
    try:
        elsewhere = await parts.entrance.registry.elsewhere(opening.grant)
        with parts.sessions.slot(opening.grant, elsewhere) as slot:
            line = await _reach(parts, opening)
            viewer.accept()
            payload = await _greet(parts, viewer, line.screen)
            following = line.first + line.connection.take()
            relay = _open(parts, viewer, line, opening, slot, started_at)
            line = None
            return relay, payload, following
    except KeyholeError as failure:
        raise _NotOpened(ending_of_target(failure)) from failure
    finally:
        if line is not None:
            line.abort()


async def _reach(parts: SessionParts, opening: Opening) -> TargetLine:
    """Waits in the dial queue and opens the line to the target.

    Raises LimitReached and everything that `TargetDialler.open` raises.
    """
    started_at, seconds = parts.clock(), parts.deadlines.target
    async with parts.dial_queue.slot(opening.grant.server_id, seconds / 2):
        left = round(seconds - (parts.clock() - started_at), 1)
        dialler = TargetDialler(parts.telemetry, parts.leases, parts.tls, parts.clock)
        try:
            return await dialler.open(opening, left)
        except KeyholeError as failure:
            parts.telemetry.target_failed(opening.driver.name, ending_of_target(failure).reason)
            raise


async def _greet(parts: SessionParts, viewer: Viewer, screen: ServerInit | None) -> bytes:
    """Runs the viewer's handshake; returns the payload that already followed it. Raises _NotOpened."""
    started_at, seconds = parts.clock(), parts.deadlines.viewer
    try:
        async with asyncio.timeout(seconds):
            payload = b"" if screen is None else await join_viewer(viewer, screen)
        parts.telemetry.viewer_joined(parts.clock() - started_at)
        return payload + viewer.unframe(viewer.take())
    except TimeoutError as error:
        raise _NotOpened(Ending(Reason.VIEWER_TIMEOUT, f"no answer within {seconds:g} seconds")) from error
    except KeyholeError as failure:
        raise _NotOpened(ending_of_viewer(failure)) from failure


def _open(
    parts: SessionParts,
    viewer: Viewer,
    line: TargetLine,
    opening: Opening,
    slot: Slot,
    started_at: float,
) -> Relay:
    """Creates the relay and the session, which owns both connections and the slot from then on."""

    def ended(ending: Ending) -> None:
        sessions.closed(session, ending.reason, ending.detail)

    sessions, target, linger = parts.sessions, line.connection, parts.deadlines.linger
    enable_connection_keepalive(target.transport, parts.deadlines.keepalive_timeout)
    release = None if line.lease.is_empty else partial(line.leases.release_with, line.lease, target.transport, linger)
    console = Console(target.transport, parts.buffer, parts.clock, linger, target.source, release)
    relay = Relay(console, viewer.transport, viewer.frames, _filter_of(opening.grant, parts.streams), ended)
    session = sessions.opened(slot, opening, peer_name(viewer.transport), relay, started_at, line.encrypted)
    return relay


def _filter_of(grant: Grant, limits: StreamLimits) -> InputFilter:
    view_only = grant.rights is Rights.WATCH
    if grant.console_type.protocol is not Protocol.VNC:
        return SerialInput(view_only=view_only)
    return ClientMessageFilter(
        view_only=view_only,
        cut_text_bytes=limits.cut_text_bytes,
        messages_per_second=limits.messages_per_second,
    )


def _refuse_request(parts: SessionParts, viewer: Viewer, head: RequestHead, failure: Refusal) -> None:
    """Answers 403 without a body, or 400 if a native viewer sent no token at all (as Nova's xvp proxy does)."""
    if failure.reason is Reason.TOKEN_MISSING and isinstance(viewer, RawViewer):
        answer = refusal(400, "Invalid Request", phrase="Invalid Request")
    else:
        answer = refusal(403)
    log_refusal(parts.telemetry, viewer, failure.reason, str(failure))
    if not viewer.transport.is_closing():
        viewer.transport.write(answer)
        close_soon(viewer.transport, parts.deadlines.linger)
