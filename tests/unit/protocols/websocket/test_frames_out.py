import pytest
from tests.fakes.websocket_client import ServerFrame, server_frames

from keyhole.protocols.websocket.frames_out import close_frame, cut_frames, frame_header, ping_frame, pong_frame
from keyhole.protocols.websocket.opcodes import CLOSE, PING, PONG, TEXT


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (0, "8200"),
        (125, "827d"),
        (126, "827e007e"),
        (65535, "827effff"),
        (65536, "827f0000000000010000"),
    ],
)
def test_headers(length: int, header: str) -> None:
    assert frame_header(length).hex() == header


def test_headers_of_other_kinds() -> None:
    assert frame_header(5, TEXT) == b"\x81\x05"
    assert frame_header(300, TEXT) == b"\x81\x7e\x01\x2c"


@pytest.mark.parametrize("size", [0, 1, 125, 126, 1000, 1001, 2500, 3000])
def test_data_is_cut_into_whole_messages(size: int) -> None:
    data = bytes(byte % 251 for byte in range(size))
    frames = server_frames(b"".join(cut_frames(data, 1000)))
    assert b"".join(frame.payload for frame in frames) == data
    assert all(0 < len(frame.payload) <= 1000 and frame.opcode == 2 for frame in frames)
    assert len(frames) == -(-size // 1000)


def test_large_data_is_not_copied() -> None:
    data = bytes(200000)
    payloads = cut_frames(memoryview(data))[1::2]
    assert [len(payload) for payload in payloads] == [65536, 65536, 65536, 3392]
    assert all(isinstance(payload, memoryview) and payload.obj is data for payload in payloads)


def test_close() -> None:
    assert close_frame() == b"\x88\x00"
    assert close_frame(1000) == b"\x88\x02\x03\xe8"
    assert close_frame(4001, "used") == b"\x88\x06\x0f\xa1used"


def test_a_closing_reason_is_cut_between_two_characters() -> None:
    assert server_frames(close_frame(1008, "x" * 200)) == [ServerFrame(CLOSE, b"\x03\xf0" + b"x" * 123)]
    [frame] = server_frames(close_frame(1008, "漢" * 50))
    assert frame.payload[2:].decode() == "漢" * 41
    [frame] = server_frames(close_frame(1008, "\ud800"))
    assert frame.payload[2:] == b"?"


def test_ping_and_pong() -> None:
    assert server_frames(ping_frame() + pong_frame(b"abc")) == [ServerFrame(PING, b""), ServerFrame(PONG, b"abc")]
