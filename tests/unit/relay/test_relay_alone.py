"""The relay between two transports of the test's own: what it writes, pauses, checks and ends."""

import asyncio
from collections.abc import Callable

import pytest
from tests.fakes.transport import FakeTransport
from tests.fakes.waiting import until
from tests.fakes.websocket_client import ServerFrame, client_frame, server_frames

from keyhole.ports.relay import VIEWER_CHECKS
from keyhole.protocols.rfb.messages.client_filter import ClientMessageFilter
from keyhole.protocols.serial_input import SerialInput
from keyhole.protocols.websocket.frames_in import FrameReader
from keyhole.reasons import Reason
from keyhole.relay.closing import close_soon
from keyhole.relay.console import Console
from keyhole.relay.endings import Ending
from keyhole.relay.read_buffer import ReadBuffer
from keyhole.relay.relay import Relay

KEY_EVENT = b"\x04\x01\0\0\0\0\0\x61"
PING, PONG = 9, 10


def joined(
    viewer: FakeTransport,
    target: FakeTransport,
    ended: Callable[[Ending], None] = lambda _: None,
    *,
    frames: FrameReader | None = None,
) -> Relay:
    """A session that has just begun, of a native viewer where it has no `frames`."""
    console = Console(target, ReadBuffer(), asyncio.get_running_loop().time, 1)
    relay = Relay(console, viewer, frames, SerialInput(), ended)
    relay.start(b"", b"")
    return relay


@pytest.mark.parametrize(("side", "reason"), [("viewer", Reason.VIEWER_LOST), ("target", Reason.TARGET_LOST)])
async def test_a_line_that_the_kernel_gave_up_is_named(side: str, reason: Reason) -> None:
    viewer, target = FakeTransport(), FakeTransport()
    endings: list[Ending] = []
    joined(viewer, target, endings.append, frames=FrameReader())
    lost = viewer if side == "viewer" else target
    lost.closing = True
    lost.protocol.connection_lost(TimeoutError(110, "Connection timed out"))
    assert [ending.reason for ending in endings] == [reason]


@pytest.mark.parametrize("scanner", [ClientMessageFilter(), SerialInput()])
async def test_input_gets_its_time_within_a_second_and_screens_that_are_asked_for_do_not(
    scanner: ClientMessageFilter | SerialInput,
) -> None:
    viewer, target = FakeTransport(), FakeTransport()
    clock = iter(range(10, 1000, 10)).__next__
    relay = Relay(Console(target, ReadBuffer(), clock, 1), viewer, None, scanner, lambda _: None)
    relay.start(b"", b"")
    assert relay.last_input_at == 10
    viewer.arrive(KEY_EVENT)
    relay.refill()
    assert [relay.last_input_at, relay.last_input_at] == [20, 20]
    if isinstance(scanner, ClientMessageFilter):
        viewer.arrive(b"\3" + bytes(9))
    assert relay.last_input_at == 20


async def test_a_transport_that_is_full_when_the_session_begins_pauses_the_other() -> None:
    viewer, target = FakeTransport(waiting_bytes=100_000), FakeTransport(waiting_bytes=100_000)
    joined(viewer, target, frames=FrameReader())
    assert (viewer.reading, target.reading) == (False, False)
    viewer.protocol.resume_writing()
    target.protocol.resume_writing()
    assert (viewer.reading, target.reading) == (True, True)


async def test_a_viewer_that_does_not_read_is_owed_the_pong_of_its_latest_ping_alone() -> None:
    viewer = FakeTransport()
    joined(viewer, FakeTransport(), frames=FrameReader())
    viewer.protocol.pause_writing()
    for number in range(100):
        viewer.arrive(client_frame(b"%d" % number, opcode=PING))  # one at a time, so that each is looked at
    assert viewer.kept == []
    viewer.protocol.resume_writing()
    assert server_frames(viewer.written) == [ServerFrame(PONG, b"99")]


async def test_what_is_sent_to_a_viewer_is_no_sign_of_its_life() -> None:
    viewer, target = FakeTransport(), FakeTransport()
    endings: list[Ending] = []
    relay = joined(viewer, target, endings.append, frames=FrameReader())
    for _ in range(VIEWER_CHECKS):
        target.arrive(b"a part of the screen")
        assert endings == []
        relay.check_viewer()
    assert [ending.reason for ending in endings] == [Reason.VIEWER_LOST]
    assert (viewer.aborted, target.closing) == (True, True)


@pytest.mark.parametrize("sent", [True, False])
async def test_a_line_is_cut_when_its_goodbye_is_not_read(sent: bool) -> None:
    line = FakeTransport(waiting_bytes=0 if sent else 1)
    close_soon(line, 0)
    assert (line.closing, line.aborted) == (True, False)
    if not sent:
        await until(lambda: line.aborted)


async def test_a_session_is_over_also_when_its_line_fails_while_it_is_told() -> None:
    viewer, target = FakeTransport(), FakeTransport()
    endings: list[Ending] = []
    relay = joined(viewer, target, endings.append, frames=FrameReader())
    viewer.failure = RuntimeError("the handle is closed")
    with pytest.raises(RuntimeError):
        relay.end(Reason.KILLED)
    assert [ending.reason for ending in endings] == [Reason.KILLED]
    assert (viewer.aborted, target.aborted) == (True, True)
