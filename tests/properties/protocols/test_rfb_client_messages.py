from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from tests.fakes import rfb_messages as viewer
from tests.properties.protocols.wire import SIZES, run, split, spoilt

from keyhole.errors import ProtocolError
from keyhole.protocols.rfb.messages.client_filter import ClientMessageFilter
from keyhole.protocols.rfb.messages.client_reader import ClientMessageReader, CutText, KeyEvent, PointerEvent

U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFFFFFF)
WATCHING = st.one_of(
    st.sampled_from(viewer.WATCHING),
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=30).map(lambda encodings: viewer.set_encodings(*encodings)),
    st.builds(viewer.update_request, st.booleans(), U16, U16, U16, U16),
    st.binary(max_size=64).map(viewer.fence),
)
ACTING = st.one_of(
    st.sampled_from(viewer.ACTING),
    st.builds(viewer.key_event, U32, st.booleans()),
    st.builds(viewer.qemu_key, U32, U32, st.booleans()),
    st.builds(viewer.pointer_event, U16, U16, st.integers(0, 255)),
    st.binary(max_size=300).map(viewer.cut_text),
    st.binary(min_size=1, max_size=300).map(viewer.extended_cut_text),
    st.integers(0, 20).map(viewer.set_desktop_size),
    st.builds(viewer.gii, st.binary(max_size=100), big_endian=st.booleans()),
)
STREAMS = st.lists(st.tuples(st.just(True), WATCHING) | st.tuples(st.just(False), ACTING), max_size=12)
LARGEST_HEADER_BYTES = 8
LARGEST_MESSAGE_BYTES = 8 + 256 * 1024


@dataclass
class Scan:
    passed: bytes
    input_count: int


def scan(data: bytes, sizes: list[int], *, view_only: bool) -> Scan | tuple[type, str]:
    """The bytes that a filter passes on, or its failure."""
    scanner = ClientMessageFilter(view_only=view_only)
    passed = b""
    try:
        for piece in split(data, sizes):
            kept = scanner.feed(piece)
            passed += kept
            assert view_only or kept is piece
            assert len(scanner._header) <= LARGEST_HEADER_BYTES
    except ProtocolError as error:
        return type(error), str(error)
    return Scan(passed, scanner.input_count)


@given(STREAMS, SIZES)
def test_a_watcher_passes_exactly_the_messages_that_watch(stream: list[tuple[bool, bytes]], sizes: list[int]) -> None:
    data = b"".join(message for _, message in stream)
    outcome = scan(data, sizes, view_only=True)
    assert isinstance(outcome, Scan)
    assert outcome.passed == b"".join(message for watches, message in stream if watches)
    assert scan(data, [], view_only=True) == outcome


@given(STREAMS, SIZES)
def test_the_scanner_counts_what_the_reader_decodes(stream: list[tuple[bool, bytes]], sizes: list[int]) -> None:
    data = b"".join(message for _, message in stream)
    outcome = scan(data, sizes, view_only=False)
    assert isinstance(outcome, Scan)
    assert outcome.passed == data
    read = run(ClientMessageReader(), split(data, sizes), LARGEST_MESSAGE_BYTES)
    assert len(read.events) == len(stream)
    switched = sum(message == viewer.xvp() for _, message in stream)
    assert outcome.input_count == switched + sum(
        isinstance(event, KeyEvent | PointerEvent | CutText) for event in read.events
    )


@given(STREAMS, st.binary(max_size=60), SIZES, st.booleans())
def test_garbage_fails_as_promised_or_needs_more(
    stream: list[tuple[bool, bytes]], garbage: bytes, sizes: list[int], view_only: bool
) -> None:
    data = b"".join(message for _, message in stream) + garbage
    assert scan(data, sizes, view_only=view_only) == scan(data, [], view_only=view_only)
    whole = run(ClientMessageReader(), [data], LARGEST_MESSAGE_BYTES)
    assert run(ClientMessageReader(), split(data, sizes), LARGEST_MESSAGE_BYTES) == whole


@given(STREAMS, st.integers(0, 3000), st.integers(0, 255), SIZES, st.booleans())
def test_one_changed_byte(
    stream: list[tuple[bool, bytes]], at: int, byte: int, sizes: list[int], view_only: bool
) -> None:
    data = b"".join(message for _, message in stream)
    if data:
        data = spoilt(data, at, byte)
        assert scan(data, sizes, view_only=view_only) == scan(data, [], view_only=view_only)


@given(STREAMS, SIZES, st.lists(st.booleans(), max_size=40))
def test_rights_that_change_cut_no_message_and_leave_nothing_held(
    stream: list[tuple[bool, bytes]], sizes: list[int], changes: list[bool]
) -> None:
    """The server gets whole messages whenever the rights change, and every key and button is up in the end."""
    scanner = ClientMessageFilter()
    got = b""
    rights = iter(changes)
    for piece in split(b"".join(message for _, message in stream), sizes):
        got += scanner.feed(piece) + scanner.set_view_only(next(rights, False))
    got += scanner.set_view_only(True)
    reader = ClientMessageReader()
    reader.receive_data(got)
    assert reader.waiting_for == "a message"  # not the rest of one
    down: set[tuple[int, int | None]] = set()
    buttons = 0
    for event in reader.events():
        match event:
            case KeyEvent(is_down, keysym, keycode):
                (down.add if is_down else down.discard)((keysym, keycode))
            case PointerEvent(buttons=buttons):
                pass
    assert (down, buttons) == (set(), 0)
