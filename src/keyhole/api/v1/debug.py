"""Looking into a live session, for admins: its bytes as a capture file, and its traffic totals."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from types import MappingProxyType

from starlette.responses import Response

from keyhole.api.compute.answers import JsonSchema
from keyhole.api.errors import RequestRefused
from keyhole.api.v1.answers import FlowView, Traffic, TrafficView
from keyhole.api.v1.call import V1Call, not_found
from keyhole.core.sessions.live import Session
from keyhole.protocols import pcap
from keyhole.reasons import Reason
from keyhole.relay.taps.queue import Chunk, Direction, Lost, TapQueue
from keyhole.relay.taps.traffic import Flow, TrafficTap

MAX_SECONDS = 3600
TRAFFIC_SECONDS = 5

SECONDS_QUERY: Mapping[str, JsonSchema] = MappingProxyType(
    {"seconds": {"type": "integer", "minimum": 1, "maximum": MAX_SECONDS}}
)

_SENDER = {Direction.TO_VIEWER: pcap.TARGET, Direction.TO_TARGET: pcap.VIEWER}


async def capture(call: V1Call) -> Response:
    """The line's traffic from now on as a pcap file, until the session ends or `seconds` have passed."""
    seconds = _seconds(call)
    session = await _session_here(call)
    if call.request.method == "HEAD":
        return call.stream(_nothing(), pcap.MEDIA_TYPE)
    call.services.telemetry.session_captured(session.id, session.grant, call.identity.user_name, call.client)
    return call.stream(_pcap_of(session, seconds, call.services.clock()), pcap.MEDIA_TYPE)


async def traffic(call: V1Call) -> Response:
    """The traffic totals of the session's line over the next seconds, for each direction."""
    seconds = _seconds(call) or TRAFFIC_SECONDS
    session = await _session_here(call)
    tap = TrafficTap()
    clock = asyncio.get_running_loop().time
    began_at = clock()
    session.relay.add_tap(tap)
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(tap.closed.wait(), seconds)
    finally:
        session.relay.remove_tap(tap)
    view = TrafficView(
        session=session.id,
        seconds=round(clock() - began_at, 3),
        to_viewer=_flow(tap.to_viewer),
        to_target=_flow(tap.to_target),
    )
    return call.respond(Traffic(traffic=view))


async def _session_here(call: V1Call) -> Session:
    """Raises RequestRefused: 404, and 421 (RFC 9110 15.5.20) if another worker has the session."""
    session_id = call.parameters["session_id"]
    session = call.services.registry.here(session_id)
    if session is not None:
        return session
    if await call.services.registry.find(session_id) is None:
        raise not_found("session")
    raise RequestRefused(
        421, Reason.NOT_FOUND, "Another worker has this session; ask again on a new connection, which may reach it."
    )


def _seconds(call: V1Call) -> int | None:
    text = call.request.query_params.get("seconds")
    if text is None:
        return None
    digits = text.lstrip("0")[:5] if text.isascii() and text.isdigit() else ""
    if not digits or int(digits) > MAX_SECONDS:
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, f"seconds is a whole number from 1 to {MAX_SECONDS}.")
    return int(digits)


async def _pcap_of(session: Session, seconds: int | None, now: float) -> AsyncIterator[bytes]:
    """`now` is in seconds since the epoch; the tap reports the event loop's time."""
    queue, writer = TapQueue(), pcap.PcapWriter()
    clock = asyncio.get_running_loop().time
    began_at = clock()
    session.relay.add_tap(queue)
    timer = asyncio.get_running_loop().call_later(MAX_SECONDS if seconds is None else seconds, queue.line_closed)
    try:
        yield writer.begin(now)
        async for event in queue:
            sender = _SENDER[event.direction]
            match event:
                case Chunk(_, data, at):
                    yield writer.packets(sender, data, now + at - began_at)
                case Lost(_, byte_count):
                    writer.skip(sender, byte_count)
    finally:
        session.relay.remove_tap(queue)
        timer.cancel()


async def _nothing() -> AsyncIterator[bytes]:
    """HEAD has an answer without a body (RFC 9110 9.3.2), and captures nothing."""
    yield b""


def _flow(flow: Flow) -> FlowView:
    return FlowView(
        bytes=flow.byte_count,
        pieces=flow.pieces,
        largest_bytes=flow.largest_bytes,
        longest_pause_seconds=round(flow.longest_pause_seconds, 3),
    )
