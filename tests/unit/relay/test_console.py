"""One line to a target with several viewers, and with taps."""

import asyncio

from tests.fakes.transport import FakeTransport

from keyhole.protocols.rfb.messages.client_filter import ClientMessageFilter
from keyhole.protocols.serial_input import SerialInput
from keyhole.protocols.websocket.frames_in import FrameReader
from keyhole.protocols.websocket.frames_out import cut_frames
from keyhole.reasons import Reason
from keyhole.relay.console import Console
from keyhole.relay.endings import Ending
from keyhole.relay.read_buffer import ReadBuffer
from keyhole.relay.relay import Relay
from keyhole.relay.to_target import InputFilter
from keyhole.relay.to_viewer import BULK_BYTES

KEY_DOWN = b"\x04\x01\0\0\0\0\0\x61"
KEY_UP = b"\x04\0\0\0\0\0\0\x61"
FLOOD = bytes(BULK_BYTES)


class Recorder:
    """A tap that records its calls, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes, float]] = []
        self.closed = False

    def target_sent(self, data: bytes, at: float) -> None:
        self.seen.append(("target", bytes(data), at))

    def viewer_sent(self, data: bytes, at: float) -> None:
        self.seen.append(("viewer", data, at))

    def line_closed(self) -> None:
        self.closed = True


class Line:
    """A console on a target without a socket; its clock stands still. `endings` are those of its viewers' sessions."""

    def __init__(self) -> None:
        self.target = FakeTransport()
        self.closed: list[bool] = []
        self.console = Console(self.target, ReadBuffer(), lambda: 7.0, 1, closed=self._note_closed)
        self.endings: list[Ending] = []

    def _note_closed(self) -> None:
        self.closed.append(self.target.closing)

    def join(
        self, frames: FrameReader | None = None, input_filter: InputFilter | None = None
    ) -> tuple[FakeTransport, Relay]:
        viewer = FakeTransport()
        relay = Relay(self.console, viewer, frames, input_filter or SerialInput(), self.endings.append)
        relay.start(b"", b"")
        return viewer, relay


async def test_all_viewers_get_what_the_target_sends_and_may_type() -> None:
    line = Line()
    raw, _ = line.join()
    framed, relay = line.join(FrameReader())
    line.target.arrive(b"login: ")
    assert raw.written == b"login: "
    assert framed.written == b"".join(cut_frames(b"login: "))
    raw.arrive(b"us")
    relay.to_target.forward(b"er")
    assert line.target.written == b"user"


async def test_who_joins_later_gets_what_follows() -> None:
    line = Line()
    first, _ = line.join()
    line.target.arrive(b"before ")
    second, _ = line.join()
    line.target.arrive(b"after")
    assert (first.written, second.written) == (b"before after", b"after")


async def test_a_viewer_that_leaves_ends_its_own_session_and_the_last_one_closes_the_line() -> None:
    line = Line()
    first, relay = line.join()
    second, last = line.join()
    relay.end(Reason.KILLED)
    assert [ending.reason for ending in line.endings] == [Reason.KILLED]
    assert (first.closing, second.closing, line.target.closing) == (True, False, False)
    line.target.arrive(b"still here")
    assert (first.written, second.written, line.closed) == (b"", b"still here", [])
    last.end(Reason.VIEWER_CLOSED)
    assert line.target.closing
    assert line.closed == [True]  # told once, when nothing needs the line any more


async def test_a_target_that_hangs_up_ends_the_sessions_of_all() -> None:
    line = Line()
    viewers = [line.join()[0] for _ in range(3)]
    assert isinstance(line.target.protocol, asyncio.Protocol)
    line.target.protocol.eof_received()
    assert [ending.reason for ending in line.endings] == [Reason.TARGET_CLOSED] * 3
    assert all(viewer.closing for viewer in viewers)
    assert line.target.closing


async def test_a_viewer_that_does_not_read_misses_bytes_and_holds_up_nobody_else() -> None:
    line = Line()
    slow, slow_relay = line.join()
    quick, _ = line.join()
    slow.protocol.pause_writing()
    assert line.target.reading
    line.target.arrive(b"12345")
    assert (slow.written, quick.written, slow_relay.missed_bytes) == (b"", b"12345", 5)
    slow.protocol.resume_writing()
    line.target.arrive(b"678")
    assert (slow.written, quick.written, slow_relay.missed_bytes) == (b"678", b"12345678", 5)


async def test_a_target_is_not_read_while_no_viewer_takes_any_more() -> None:
    line = Line()
    viewers = [line.join()[0] for _ in range(2)]
    for viewer in viewers:
        viewer.protocol.pause_writing()
    assert not line.target.reading
    viewers[1].protocol.resume_writing()
    assert line.target.reading


async def test_a_viewer_that_is_left_alone_holds_up_the_target_and_misses_nothing() -> None:
    line = Line()
    slow, relay = line.join()
    _, other = line.join()
    slow.protocol.pause_writing()
    other.end(Reason.VIEWER_CLOSED)
    assert not line.target.reading
    line.target.arrive(b"read before")
    assert (slow.written, relay.missed_bytes) == (b"read before", 0)


async def test_a_target_that_is_full_pauses_all_viewers() -> None:
    line = Line()
    viewers = [line.join()[0] for _ in range(2)]
    line.target.protocol.pause_writing()
    assert [viewer.reading for viewer in viewers] == [False, False]
    line.target.protocol.resume_writing()
    assert [viewer.reading for viewer in viewers] == [True, True]


async def test_a_viewer_that_stops_sending_does_not_close_the_line_for_others() -> None:
    line = Line()
    _, _ = line.join()
    second, _ = line.join()
    assert isinstance(second.protocol, asyncio.Protocol)
    assert second.protocol.eof_received() is False
    assert [ending.reason for ending in line.endings] == [Reason.VIEWER_CLOSED]
    assert not line.target.closing


async def test_a_flood_is_read_in_bulk_only_for_one_viewer_without_taps() -> None:
    line = Line()
    viewer, _ = line.join()
    line.target.arrive(FLOOD)
    assert line.target.in_bulk
    other, relay = line.join()
    assert not line.target.in_bulk
    line.target.arrive(FLOOD)
    assert not line.target.in_bulk
    relay.end(Reason.VIEWER_CLOSED)
    line.target.arrive(FLOOD)
    assert line.target.in_bulk
    assert (len(viewer.written), len(other.written)) == (3 * len(FLOOD), len(FLOOD))


async def test_a_tap_sees_what_the_target_sends_and_the_input_that_is_accepted() -> None:
    line, tap = Line(), Recorder()
    watcher, relay = line.join(input_filter=ClientMessageFilter(view_only=True))
    line.target.arrive(b"not seen")
    relay.add_tap(tap)
    line.target.arrive(b"seen")
    watcher.arrive(KEY_DOWN)
    relay.set_view_only(False)
    watcher.arrive(KEY_DOWN)
    relay.remove_tap(tap)
    line.target.arrive(b"not seen")
    assert tap.seen == [("target", b"seen", 7.0), ("viewer", KEY_DOWN, 7.0)]
    assert watcher.written == b"not seenseennot seen"
    assert not tap.closed


async def test_a_tap_sees_floods_too() -> None:
    line, tap = Line(), Recorder()
    viewer, relay = line.join()
    line.target.arrive(FLOOD)
    relay.add_tap(tap)
    line.target.arrive(FLOOD)
    assert [len(data) for _, data, _ in tap.seen] == [len(FLOOD)]
    assert len(viewer.written) == 2 * len(FLOOD)


async def test_a_tap_is_told_when_the_line_is_closed_at_once_where_it_is_already() -> None:
    line, taps = Line(), [Recorder(), Recorder()]
    _, relay = line.join()
    relay.add_tap(taps[0])
    assert not taps[0].closed
    relay.end(Reason.KILLED)
    assert taps[0].closed
    relay.add_tap(taps[1])
    assert taps[1].closed


async def test_rights_that_are_taken_away_release_what_is_held() -> None:
    line, tap = Line(), Recorder()
    viewer, relay = line.join(input_filter=ClientMessageFilter())
    relay.add_tap(tap)
    viewer.arrive(KEY_DOWN)
    relay.set_view_only(True)
    viewer.arrive(KEY_DOWN)
    assert line.target.written == KEY_DOWN + KEY_UP
    assert [data for _, data, _ in tap.seen] == [KEY_DOWN, KEY_UP]
    relay.end(Reason.KILLED)
    relay.set_view_only(False)
    assert line.target.written == KEY_DOWN + KEY_UP
