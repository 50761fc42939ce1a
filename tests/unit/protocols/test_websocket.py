import pytest
from tests.fakes.websocket_client import ServerFrame, client_frame, server_frames

from keyhole.errors import ProtocolError, TooLarge
from keyhole.protocols.http_head import RequestHead, RequestHeadReader
from keyhole.protocols.websocket import (
    CLOSE,
    MAX_FRAME,
    PING,
    PONG,
    TEXT,
    Close,
    FrameReader,
    Ping,
    Pong,
    Upgrade,
    check_upgrade,
    choose_subprotocol,
    close_frame,
    cut_frames,
    frame_header,
    ping_frame,
    pong_frame,
    upgrade_response,
    wants_other_version,
    wants_websocket,
)
from keyhole.reasons import Reason

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
OPENING = {
    "Host": "console.example.com",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def request(line: str = "GET /?token=T HTTP/1.1", **changes: str | None) -> RequestHead:
    headers = OPENING | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [line, *(f"{name}: {value}" for name, value in headers.items() if value is not None), "", ""]
    head = RequestHeadReader().receive_data("\r\n".join(lines).encode())
    assert head is not None
    return head


class TestOpening:
    """4.2"""

    def test_a_good_opening(self) -> None:
        head = request(Sec_WebSocket_Protocol="chat, binary")
        assert check_upgrade(head) == Upgrade(KEY, ("chat", "binary"))
        assert wants_websocket(head)
        assert not wants_other_version(head)

    def test_tokens_are_compared_without_case_within_lists(self) -> None:
        head = request(Upgrade="h2c, WebSocket", Connection="keep-alive, UPGRADE")
        assert check_upgrade(head).subprotocols == ()

    @pytest.mark.parametrize(
        ("head", "message"),
        [
            (request("POST / HTTP/1.1"), "GET request"),
            (request("GET / HTTP/1.0"), "HTTP/1.1"),
            (request(Upgrade=None), "Upgrade: websocket"),
            (request(Upgrade="websockets"), "Upgrade: websocket"),
            (request(Connection="keep-alive"), "Connection: Upgrade"),
            (request(Sec_WebSocket_Version=None), "Sec-WebSocket-Version: 13"),
            (request(Sec_WebSocket_Version="8"), "Sec-WebSocket-Version: 13"),
            (request(Sec_WebSocket_Key=None), "Sec-WebSocket-Key"),
            (request(Sec_WebSocket_Key="c2hvcnQ="), "16 bytes"),
            (request(Sec_WebSocket_Key="!" * 22 + "=="), "base64"),
            (request(Sec_WebSocket_Key=f"{KEY}\r\nSec-WebSocket-Key: {KEY}"), "once"),
        ],
    )
    def test_bad_openings_are_refused_with_a_sentence(self, head: RequestHead, message: str) -> None:
        with pytest.raises(ProtocolError, match=message):
            check_upgrade(head)

    def test_another_version_can_be_told_apart(self) -> None:
        assert wants_other_version(request(Sec_WebSocket_Version="8"))
        assert not wants_other_version(request(Sec_WebSocket_Version=None))
        assert not wants_other_version(request(Upgrade=None, Sec_WebSocket_Version="8"))

    @pytest.mark.parametrize(
        ("offer", "chosen"), [("binary", "binary"), ("base64, binary", "binary"), ("base64", None), (None, None)]
    )
    def test_binary_is_chosen_where_it_is_offered(self, offer: str | None, chosen: str | None) -> None:
        assert choose_subprotocol(request(Sec_WebSocket_Protocol=offer)) == chosen

    def test_the_response_holds_the_answer_to_the_key(self) -> None:
        # The RFC's own example, 1.3.
        assert upgrade_response(KEY, None) == (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        )

    def test_the_response_names_the_chosen_subprotocol(self) -> None:
        assert upgrade_response(KEY, "binary").endswith(b"\r\nSec-WebSocket-Protocol: binary\r\n\r\n")


class TestFramesOut:
    """5.2"""

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
    def test_headers(self, length: int, header: str) -> None:
        assert frame_header(length).hex() == header

    def test_headers_of_other_kinds(self) -> None:
        assert frame_header(5, TEXT) == b"\x81\x05"
        assert frame_header(300, TEXT) == b"\x81\x7e\x01\x2c"

    @pytest.mark.parametrize("size", [0, 1, 125, 126, 1000, 1001, 2500, 3000])
    def test_data_is_cut_into_whole_messages(self, size: int) -> None:
        data = bytes(byte % 251 for byte in range(size))
        frames = server_frames(b"".join(cut_frames(data, 1000)))
        assert b"".join(frame.payload for frame in frames) == data
        assert all(0 < len(frame.payload) <= 1000 and frame.opcode == 2 for frame in frames)
        assert len(frames) == -(-size // 1000)

    def test_large_data_is_not_copied(self) -> None:
        data = bytes(200000)
        payloads = cut_frames(memoryview(data))[1::2]
        assert [len(payload) for payload in payloads] == [65536, 65536, 65536, 3392]
        assert all(isinstance(payload, memoryview) and payload.obj is data for payload in payloads)

    def test_close(self) -> None:
        assert close_frame() == b"\x88\x00"
        assert close_frame(1000) == b"\x88\x02\x03\xe8"
        assert close_frame(4001, "used") == b"\x88\x06\x0f\xa1used"

    def test_a_closing_reason_is_cut_between_two_characters(self) -> None:
        assert server_frames(close_frame(1008, "x" * 200)) == [ServerFrame(CLOSE, b"\x03\xf0" + b"x" * 123)]
        [frame] = server_frames(close_frame(1008, "漢" * 50))
        assert frame.payload[2:].decode() == "漢" * 41
        [frame] = server_frames(close_frame(1008, "\ud800"))
        assert frame.payload[2:] == b"?"

    def test_ping_and_pong(self) -> None:
        assert server_frames(ping_frame() + pong_frame(b"abc")) == [ServerFrame(PING, b""), ServerFrame(PONG, b"abc")]


class TestFramesIn:
    """5.2 to 5.5"""

    @pytest.mark.parametrize("size", [0, 1, 6, 7, 8, 9, 10, 125, 126, 127, 65535, 65536, 100001])
    def test_frames_of_every_length(self, size: int) -> None:
        payload = bytes(byte % 251 for byte in range(size))
        reader = FrameReader()
        assert reader.receive_data(client_frame(payload)) == payload
        assert reader.receive_data(client_frame(b"next")) == b"next"

    def test_payload_is_handed_on_before_its_frame_is_whole_and_the_mask_stays_in_step(self) -> None:
        frame = client_frame(b"0123456789")
        reader = FrameReader()
        assert reader.receive_data(frame[:9]) == b"012"
        assert reader.receive_data(frame[9:10]) == b"3"
        assert reader.receive_data(frame[10:]) == b"456789"

    def test_what_looks_like_a_keystroke_inside_of_another_frame_is_none(self) -> None:
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

    def test_a_keystroke_between_the_fragments_of_a_message_breaks_the_rules(self) -> None:
        reader = FrameReader()
        reader.receive_data(client_frame(b"a", final=False))
        with pytest.raises(ProtocolError, match="before the next begins"):
            reader.receive_data(client_frame(b"12345678"))

    def test_messages_and_fragments_dissolve_into_one_stream(self) -> None:
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

    def test_of_each_kind_of_control_frame_the_last_is_kept(self) -> None:
        reader = FrameReader()
        for number in range(1000):
            reader.receive_data(client_frame(b"%d" % number, opcode=9) + client_frame(b"%d" % number, opcode=10))
        assert reader.take_control() == [Ping(b"999"), Pong(b"999")]

    def test_control_frames_are_taken_whole(self) -> None:
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
        ],
    )
    def test_nothing_is_read_after_a_close(self, payload: bytes, close: Close) -> None:
        reader = FrameReader()
        assert reader.receive_data(client_frame(b"last") + client_frame(payload, opcode=8) + b"junk") == b"last"
        assert reader.receive_data(client_frame(b"12345678")) == b""
        assert reader.take_control() == [close]

    @pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
    def test_codes_that_may_not_be_sent(self, code: int) -> None:
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
    def test_broken_rules(self, data: bytes, message: str) -> None:
        with pytest.raises(ProtocolError, match=message):
            FrameReader().receive_data(data)

    def test_the_length_of_a_frame_is_limited_exactly(self) -> None:
        def header(length: int) -> bytes:
            return b"\x82\xff" + length.to_bytes(8, "big") + b"mask"

        assert FrameReader().receive_data(header(MAX_FRAME)) == b""
        with pytest.raises(TooLarge):
            FrameReader().receive_data(header(MAX_FRAME + 1))

    def test_a_length_in_more_bytes_than_it_needs_is_accepted(self) -> None:
        frame = client_frame(b"abc")
        assert FrameReader().receive_data(b"\x82\xfe\x00\x03" + frame[2:]) == b"abc"

    def test_nothing_but_an_incomplete_header_or_control_frame_is_held(self) -> None:
        reader = FrameReader()
        reader.receive_data(client_frame(bytes(100000))[:50000])
        assert len(reader._held) == 0
        reader = FrameReader()
        reader.receive_data(client_frame(bytes(125), opcode=9)[:-1])
        assert len(reader._held) == 130

    def test_a_message_is_limited_over_all_its_frames(self) -> None:
        reader = FrameReader(message_bytes=10)
        reader.receive_data(client_frame(bytes(6), final=False))
        with pytest.raises(TooLarge, match="message is larger than 10 bytes") as caught:
            reader.receive_data(client_frame(bytes(5), opcode=0))
        assert caught.value.reason is Reason.LIMIT_FRAME
        reader = FrameReader(message_bytes=10)
        for _ in range(3):
            reader.receive_data(client_frame(bytes(6), final=False) + client_frame(bytes(4), opcode=0))

    @pytest.mark.parametrize("frame", [client_frame(b"12345678"), client_frame(b"?", opcode=9), client_frame()])
    def test_so_many_frames_a_second_and_as_many_again_in_one_go(self, frame: bytes) -> None:
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
