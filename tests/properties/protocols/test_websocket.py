from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.websocket_client import client_frame, server_frames
from tests.properties.protocols.wire import SIZES, split, spoilt

from keyhole.errors import ProtocolError
from keyhole.protocols.websocket.frames_in import Control, FrameReader
from keyhole.protocols.websocket.frames_out import cut_frames

HELD_LIMIT_BYTES = 130
CLOSES = st.sampled_from([b"", b"\x03\xe8", b"\x0f\xa0bye", b"\x0f\xa0\xc3\xbc"])
MASKS = st.binary(min_size=4, max_size=4)


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Frames of a well-behaved client, fragmented and mixed with control frames; and the payload in them."""
    wire, payload = b"", b""
    for opcode in draw(st.lists(st.sampled_from([1, 2]), max_size=4)):
        fragments = draw(st.lists(st.binary(max_size=300), min_size=1, max_size=3))
        for at, fragment in enumerate(fragments):
            final = at == len(fragments) - 1
            wire += client_frame(fragment, mask=draw(MASKS), opcode=0 if at else opcode, final=final)
            payload += fragment
            if draw(st.booleans()):
                wire += client_frame(
                    draw(st.binary(max_size=125)), mask=draw(MASKS), opcode=draw(st.sampled_from([9, 10]))
                )
    if draw(st.booleans()):
        wire += client_frame(draw(CLOSES), mask=draw(MASKS), opcode=8)
    return wire, payload


def read(data: bytes, sizes: list[int]) -> tuple[bytes, list[Control]] | tuple[type, str]:
    """Payload and control frames, or the failure."""
    reader = FrameReader()
    payload = b""
    try:
        for piece in split(data, sizes):
            payload += reader.receive_data(piece)
            assert len(reader._held) <= HELD_LIMIT_BYTES
    except ProtocolError as error:
        return type(error), str(error)
    return payload, reader.take_control()


@given(messages(), SIZES)
def test_any_split_gives_the_same_payload(message: tuple[bytes, bytes], sizes: list[int]) -> None:
    wire, payload = message
    assert read(wire, sizes) == read(wire, [])
    assert read(wire, sizes)[0] == payload


@given(st.binary(max_size=100), SIZES)
def test_garbage_is_a_protocol_error_or_needs_more(data: bytes, sizes: list[int]) -> None:
    assert read(data, sizes) == read(data, [])


@given(messages(), st.integers(0, 4000), st.integers(0, 255), SIZES)
def test_one_changed_byte(message: tuple[bytes, bytes], at: int, byte: int, sizes: list[int]) -> None:
    wire, _ = message
    if wire:
        data = spoilt(wire, at, byte)
        assert read(data, sizes) == read(data, [])


@given(st.binary(max_size=500), st.integers(1, 200))
def test_cut_frames_carry_the_data(data: bytes, limit: int) -> None:
    frames = server_frames(b"".join(cut_frames(data, limit)))
    assert b"".join(frame.payload for frame in frames) == data
    assert all(len(frame.payload) <= limit for frame in frames)
