"""A session from its viewer's request to its pump: redeem, reach the target, both handshakes.

What is refused before the upgrade (a bad link, a wrong origin) is an HTTP answer without a body; everything later ends
with a named reason that the page can read.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from keyhole.consoles import Consoles, Redemption
from keyhole.errors import (
    KeyholeError,
    OriginRefused,
    Refusal,
    TargetFailed,
    TokenRefused,
)
from keyhole.gateway.close_reasons import Ending, ending_of_target, ending_of_viewer
from keyhole.gateway.connection import Connection, RawViewer, Viewer, watch_line
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.dial import dial
from keyhole.gateway.goodbye import close_soon
from keyhole.gateway.handshake import join_target, join_viewer
from keyhole.gateway.origin import check_origin
from keyhole.gateway.pump import Pump
from keyhole.model import CONSOLE_TYPES, Grant, Protocol, Rights, Target
from keyhole.observe.observer import Observer, Surface
from keyhole.protocols.http_connect import refusal
from keyhole.protocols.http_head import RequestHead, console_token, query_value
from keyhole.protocols.rfb.client_messages import ClientMessageScanner
from keyhole.protocols.rfb.target import ServerInit
from keyhole.reasons import Reason
from keyhole.sessions import Place, Sessions


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What opening a session needs. `allowed_origins` are exact and include public_url's own."""

    consoles: Consoles
    sessions: Sessions
    observer: Observer
    allowed_origins: frozenset[str]
    clock: Callable[[], float]
    deadlines: Deadlines = field(default_factory=Deadlines)


async def open_session(parts: SessionParts, viewer: Viewer, head: RequestHead) -> None:
    """Serves one viewer's request until its session runs by itself, or it was told why there is none."""
    started_at = parts.clock()
    try:
        redemption = await _redeem(parts, head)
    except (TokenRefused, OriginRefused) as failure:
        _refuse_request(parts, viewer, head, failure)
        return
    except Refusal as failure:
        viewer.upgrade()
        _refuse_session(parts, viewer, ending_of_target(failure), None)
        return
    viewer.upgrade()
    grant = redemption.grant
    try:
        await _connect(parts, viewer, redemption, started_at)
    except _NotOpened as failure:
        # First: whoever reads the refusal may try the link again at once.
        await parts.consoles.release(grant)
        _refuse_session(parts, viewer, failure.ending, grant)
    except BaseException as error:
        stopped = isinstance(error, asyncio.CancelledError)
        _refuse_session(parts, viewer, Ending(Reason.RESTARTING if stopped else Reason.INTERNAL_ERROR), grant)
        await parts.consoles.release(grant)
        raise


async def _redeem(parts: SessionParts, head: RequestHead) -> Redemption:
    token = console_token(head)
    is_cookie = token is not None and not query_value(head.query, "token")
    check_origin(head, parts.allowed_origins, token_is_cookie=is_cookie)
    return await parts.consoles.redeem(token)


class _NotOpened(Exception):
    """The session's set-up failed on either side; `ending` says how."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.text)
        self.ending = ending


async def _connect(parts: SessionParts, viewer: Viewer, redemption: Redemption, started_at: float) -> None:
    """Opens the session. Raises _NotOpened."""
    grant, target = redemption.grant, redemption.target
    line: Connection | None = None
    try:
        with parts.sessions.place(grant.server_id) as place:
            line, screen, first = await _reach(target, parts.deadlines.target)
            viewer.accept()
            payload = await _greet(viewer, screen, parts.deadlines.viewer)
            _start(parts, viewer, line, grant, place, started_at, payload, first)
            line = None
    except KeyholeError as failure:
        raise _NotOpened(ending_of_target(failure)) from failure
    finally:
        if line is not None:
            line.transport.abort()


async def _reach(target: Target, seconds: float) -> tuple[Connection, ServerInit | None, bytes]:
    """Dials the target and does its handshake. Raises TargetFailed, ProtocolError, SecurityRefused, SessionEnded."""
    line: Connection | None = None
    try:
        async with asyncio.timeout(seconds):
            line = await dial(target.address)
            if target.protocol is not Protocol.VNC:
                return line, None, b""
            screen, following = await join_target(line, target)
            return line, screen, following
    except TimeoutError as error:
        _cut(line)
        if line is not None and line.heard:
            raise TargetFailed(
                Reason.TARGET_PROTOCOL_ERROR, f"its handshake was not over after {seconds:g} seconds"
            ) from error
        raise TargetFailed(Reason.TARGET_UNREACHABLE, f"no answer within {seconds:g} seconds") from error
    except BaseException:
        _cut(line)
        raise


def _cut(line: Connection | None) -> None:
    if line is not None:
        line.transport.abort()


async def _greet(viewer: Viewer, screen: ServerInit | None, seconds: float) -> bytes:
    """Does the viewer's handshake; returns the payload that already followed it. Raises _NotOpened."""
    try:
        async with asyncio.timeout(seconds):
            payload = b"" if screen is None else await join_viewer(viewer, screen)
        return payload + viewer.unframe(viewer.take())
    except TimeoutError as error:
        raise _NotOpened(Ending(Reason.VIEWER_TIMEOUT, f"no answer within {seconds:g} seconds")) from error
    except KeyholeError as failure:
        raise _NotOpened(ending_of_viewer(failure)) from failure


def _start(
    parts: SessionParts,
    viewer: Viewer,
    target_line: Connection,
    grant: Grant,
    place: Place,
    started_at: float,
    viewer_payload: bytes,
    target_bytes: bytes,
) -> None:
    def ended(ending: Ending) -> None:
        parts.sessions.closed(session, ending.reason, ending.detail)

    is_rfb = CONSOLE_TYPES[grant.console_type].protocol is Protocol.VNC
    scanner = ClientMessageScanner(view_only=grant.rights is Rights.WATCH) if is_rfb else None
    for line in (viewer, target_line):
        watch_line(line.transport, parts.deadlines.vanished)
    pump = Pump(
        viewer.transport,
        viewer.frames,
        target_line.transport,
        scanner,
        ended,
        parts.clock,
        parts.deadlines.linger,
    )
    session = parts.sessions.opened(place, grant, peer_name(viewer.transport), pump, started_at)
    pump.start(viewer_payload, target_bytes + target_line.take())


def _refuse_request(parts: SessionParts, viewer: Viewer, head: RequestHead, failure: Refusal) -> None:
    """Answers 403 without a body; 400 where a native viewer sent no token at all (the xvp proxy's answer)."""
    if failure.reason is Reason.TOKEN_MISSING and isinstance(viewer, RawViewer):
        answer = refusal(400, "Invalid Request", "Invalid Request")
    else:
        answer = refusal(403, "Forbidden")
    _log_refusal(parts, viewer, failure.reason, str(failure), None)
    if not viewer.transport.is_closing():
        viewer.transport.write(answer)
        close_soon(viewer.transport, parts.deadlines.linger)


def _refuse_session(parts: SessionParts, viewer: Viewer, ending: Ending, grant: Grant | None) -> None:
    _log_refusal(parts, viewer, ending.reason, ending.detail, grant)
    viewer.refuse(ending, parts.deadlines.linger)


def _log_refusal(parts: SessionParts, viewer: Viewer, reason: Reason, message: str, grant: Grant | None) -> None:
    facts: dict[str, object] = {"viewer": peer_name(viewer.transport)}
    if grant is not None:
        facts |= {
            "token": grant.fingerprint,
            "server": grant.server_id,
            "target": grant.address,
            "user": grant.user_name,
        }
    parts.observer.refused(reason, Surface.GATEWAY, message, **facts)


def peer_name(transport: asyncio.BaseTransport) -> str:
    """The peer's address for the log."""
    peer = transport.get_extra_info("peername")
    return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "unix"
