import pytest
from tests.fakes.websocket_client import client_frame

from keyhole.errors import NotUtf8, ProtocolError, TooLarge
from keyhole.protocols.websocket.frames_in import MAX_FRAME, Close, FrameReader, Ping, Pong
from keyhole.reasons import Reason


@pytest.mark.parametrize("size", [0, 1, 6, 7, 8, 9, 10, 125, 126, 127, 65535, 65536, 100001])
def test_frames_of_every_length(size: int) -> None:
    payload = bytes(byte % 251 for byte in range(size))
    reader = FrameReader()
    assert reader.receive_data(client_frame(payload)) == payload
    assert reader.receive_data(client_frame(b"next")) == b"next"


def test_payload_is_handed_on_before_its_frame_is_whole_and_the_mask_stays_in_step() -> None:
    frame = client_frame(b"0123456789")
    reader = FrameReader()
    assert reader.receive_data(frame[:9]) == b"012"
    assert reader.receive_data(frame[9:10]) == b"3"
    assert reader.receive_data(frame[10:]) == b"456789"


def test_what_looks_like_a_keystroke_inside_of_another_frame_is_none() -> None:
    key = client_frame(b"12345678")
    in_payload = client_frame(key, mask=bytes(4))
    reader = FrameReader()
    assert reader.receive_data(in_payload[:6]) + reader.receive_data(in_payload[6:]) == key

    # Behind the first byte of a header: a length, a mask and so on that begin like a frame of 14 bytes.
    after_one_byte = client_frame(b"ab", mask=b"\x88123") + client_frame(b"c")
    assert len(after_one_byte) == 1 + len(key)
    assert after_one_byte[1:3] == key[:2]
    reader = FrameReader()
    assert reader.receive_data(after_one_byte[:1]) == b""
    assert reader.receive_data(after_one_byte[1:]) == b"abc"


def test_a_keystroke_between_the_fragments_of_a_message_breaks_the_rules() -> None:
    reader = FrameReader()
    reader.receive_data(client_frame(b"a", final=False))
    with pytest.raises(ProtocolError, match="before the next begins"):
        reader.receive_data(client_frame(b"12345678"))


def test_messages_and_fragments_dissolve_into_one_stream() -> None:
    data = (
        client_frame(b"one ", opcode=2, final=False)
        + client_frame(b"ping", opcode=9)
        + client_frame(b"two ", opcode=0, final=False)
        + client_frame(b"", opcode=0)
        + client_frame(b"three", opcode=1)
    )
    reader = FrameReader()
    assert reader.receive_data(data) == b"one two three"
    assert reader.take_control() == [Ping(b"ping")]
    assert reader.take_control() == []


def test_of_each_kind_of_control_frame_the_last_is_kept() -> None:
    reader = FrameReader()
    for number in range(1000):
        reader.receive_data(client_frame(b"%d" % number, opcode=9) + client_frame(b"%d" % number, opcode=10))
    assert reader.take_control() == [Ping(b"999"), Pong(b"999")]


def test_control_frames_are_taken_whole() -> None:
    frame = client_frame(b"x" * 125, opcode=9)
    reader = FrameReader()
    for byte in frame[:-1]:
        assert reader.receive_data(bytes((byte,))) == b""
    assert reader.take_control() == []
    reader.receive_data(frame[-1:])
    assert reader.take_control() == [Ping(b"x" * 125)]


@pytest.mark.parametrize(
    ("payload", "close"),
    [
        (b"", Close(None, "")),
        (b"\x03\xe8", Close(1000, "")),
        (b"\x0f\xa0bye\x1b", Close(4000, "bye?")),
        (b"\x03\xe8tsch\xc3\xbcss", Close(1000, "tschüss")),
    ],
)
def test_nothing_is_read_after_a_close(payload: bytes, close: Close) -> None:
    reader = FrameReader()
    assert reader.receive_data(client_frame(b"last") + client_frame(payload, opcode=8) + b"junk") == b"last"
    assert reader.receive_data(client_frame(b"12345678")) == b""
    assert reader.take_control() == [close]


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
def test_codes_that_may_not_be_sent(code: int) -> None:
    with pytest.raises(ProtocolError, match="Close"):
        FrameReader().receive_data(client_frame(code.to_bytes(2, "big"), opcode=8))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x82\x05hello", "not masked"),
        (b"\x82\x05", "not masked"),
        (b"\xc2\x85", "reserved"),
        (b"\x92\x85", "reserved"),
        (client_frame(opcode=3), "unknown opcode"),
        (client_frame(opcode=7), "unknown opcode"),
        (client_frame(opcode=0xB), "unknown opcode"),
        (client_frame(opcode=0xF), "unknown opcode"),
        (client_frame(opcode=9, final=False), "fragmented"),
        (b"\x89\xfe\x00\x7e", "larger than 125"),
        (client_frame(b"a", opcode=8), "Close"),
        (client_frame(opcode=0), "continues none"),
        (client_frame(final=False) + client_frame(b"12345678"), "before the next begins"),
        (b"\x82\xff\x80" + bytes(11), "63 bits"),
    ],
)
def test_broken_rules(data: bytes, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        FrameReader().receive_data(data)


def test_the_length_of_a_frame_is_limited_exactly() -> None:
    def header(length: int) -> bytes:
        return b"\x82\xff" + length.to_bytes(8, "big") + b"mask"

    assert FrameReader().receive_data(header(MAX_FRAME)) == b""
    with pytest.raises(TooLarge):
        FrameReader().receive_data(header(MAX_FRAME + 1))


def test_a_frame_has_a_limit_of_its_own_below_that_of_a_message() -> None:
    reader = FrameReader(frame_bytes=1024, message_bytes=2048)
    assert reader.receive_data(client_frame(bytes(1024))) == bytes(1024)
    with pytest.raises(TooLarge, match="frame is larger than 1024 bytes") as caught:
        reader.receive_data(client_frame(bytes(1025)))
    assert caught.value.reason is Reason.LIMIT_FRAME


def test_a_message_has_a_limit_for_all_its_fragments_together() -> None:
    def fragments(last: int) -> bytes:
        return client_frame(bytes(1024), final=False) + client_frame(bytes(last), opcode=0)

    reader = FrameReader(frame_bytes=1024, message_bytes=1500)
    assert reader.receive_data(fragments(476)) == bytes(1500)
    with pytest.raises(TooLarge, match="message is larger than 1500 bytes"):
        reader.receive_data(fragments(477))


@pytest.mark.parametrize("reason", [b"\xff", b"\xc0\x80", b"half \xe2\x82", b"\xed\xa0\x80"])
def test_the_reason_of_a_close_is_utf8(reason: bytes) -> None:
    with pytest.raises(NotUtf8):
        FrameReader().receive_data(client_frame(b"\x03\xe8" + reason, opcode=8))


def test_a_length_in_more_bytes_than_it_needs_is_accepted() -> None:
    frame = client_frame(b"abc")
    assert FrameReader().receive_data(b"\x82\xfe\x00\x03" + frame[2:]) == b"abc"


def test_nothing_but_an_incomplete_header_or_control_frame_is_held() -> None:
    reader = FrameReader()
    reader.receive_data(client_frame(bytes(100000))[:50000])
    assert len(reader._held) == 0
    reader = FrameReader()
    reader.receive_data(client_frame(bytes(125), opcode=9)[:-1])
    assert len(reader._held) == 130


def test_a_message_is_limited_over_all_its_frames() -> None:
    reader = FrameReader(message_bytes=10)
    reader.receive_data(client_frame(bytes(6), final=False))
    with pytest.raises(TooLarge, match="message is larger than 10 bytes") as caught:
        reader.receive_data(client_frame(bytes(5), opcode=0))
    assert caught.value.reason is Reason.LIMIT_FRAME
    reader = FrameReader(message_bytes=10)
    for _ in range(3):
        reader.receive_data(client_frame(bytes(6), final=False) + client_frame(bytes(4), opcode=0))


@pytest.mark.parametrize("frame", [client_frame(b"12345678"), client_frame(b"?", opcode=9), client_frame()])
def test_so_many_frames_a_second_and_as_many_again_in_one_go(frame: bytes) -> None:
    for reads in ([frame] * 20, [frame * 20]):
        reader = FrameReader(frames_per_second=10)
        for read in reads:
            reader.receive_data(read)
        with pytest.raises(TooLarge, match="More than 10") as caught:
            reader.receive_data(frame)
        assert caught.value.reason is Reason.LIMIT_MESSAGES
        reader = FrameReader(frames_per_second=10)
        for _ in range(5):
            reader.refill()
            assert reader.receive_data(frame * 10) is not None
