from hypothesis import example, given
from hypothesis import strategies as st
from tests.properties.protocols.wire import SIZES, run, split, spoilt

from keyhole.errors import ProtocolError
from keyhole.protocols.http.connect import REPLY_LIMIT_BYTES, TunnelHandshake
from keyhole.protocols.http.cookies import cookie_value
from keyhole.protocols.http.head import RequestHead, RequestHeadReader, console_token, query_value
from keyhole.protocols.websocket.upgrade import check_upgrade

HEAD = (
    b"GET /?token=abc HTTP/1.1\r\nHost: console.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nCookie: a=b; token=abc\r\n\r\n"
)
REPLY = b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nCache-Control: no-cache, no-store\r\n\r\nRFB 003.008\n"
LIMIT = 300

HTTP_LIKE = st.lists(
    st.sampled_from(
        [
            b"GET ",
            b"/",
            b"?token=T",
            b" HTTP/1.1",
            b"\r\n",
            b"\r",
            b"\n",
            b"Host",
            b":",
            b" ",
            b"\t",
            b"a",
            b"\x00",
            b"\xff",
        ]
    ),
    max_size=40,
).map(b"".join)


def read(data: bytes, sizes: list[int]) -> tuple[RequestHead | None, bytes, tuple[type, str] | None]:
    """A head and the bytes after it, or the failure."""
    reader = RequestHeadReader(limit_bytes=LIMIT)
    reads = split(data, sizes)
    try:
        for piece in reads:
            if head := reader.receive_data(piece):
                return head, reader.trailing_data() + b"".join(reads), None
            assert len(reader._buffer) < LIMIT
    except ProtocolError as error:
        return None, b"", (type(error), str(error))
    return None, reader.trailing_data(), None


@given(st.binary(max_size=400) | HTTP_LIKE, SIZES)
@example(HEAD + b"\x82\x80", [1])
@example(HEAD + bytes(200), [LIMIT - 1, 200])
@example(b"GET / HTTP/1.1\r\nA: " + b"b" * LIMIT, [7])
def test_any_split_of_a_request_gives_the_same(data: bytes, sizes: list[int]) -> None:
    assert read(data, sizes) == read(data, [])


@given(st.integers(0, len(HEAD) - 1), st.integers(0, 255), SIZES)
def test_one_changed_byte_gives_a_head_or_a_protocol_error(at: int, byte: int, sizes: list[int]) -> None:
    data = spoilt(HEAD, at, byte)
    head, _, failure = read(data, sizes)
    assert (head, failure) == (read(data, [])[0], read(data, [])[2])
    if head:
        assert data.startswith(head.raw)
        console_token(head)
        try:
            check_upgrade(head)
        except ProtocolError:
            return


@given(st.text(max_size=60))
def test_junk_in_a_query_or_a_cookie_is_passed_over(junk: str) -> None:
    assert query_value(f"{junk}&token=T", "token") == "T"
    assert cookie_value([("cookie", f"{junk}; token=T")], "token") == "T"
    query_value(junk, "token")
    cookie_value([("cookie", junk)], "token")


@given(st.binary(max_size=100) | st.integers(0, len(REPLY)).map(lambda end: REPLY[:end]), SIZES)
@example(REPLY, [1])
@example(b"HTTP/1.1 200 " + b"x" * REPLY_LIMIT_BYTES, [])
def test_any_split_of_a_reply_gives_the_same(data: bytes, sizes: list[int]) -> None:
    outcomes = [run(TunnelHandshake("/", "host"), split(data, each), REPLY_LIMIT_BYTES) for each in (sizes, [])]
    assert outcomes[0] == outcomes[1]


@given(st.integers(0, len(REPLY) - 1), st.integers(0, 255))
def test_one_changed_byte_of_a_reply(at: int, byte: int) -> None:
    run(TunnelHandshake("/", "host"), [spoilt(REPLY, at, byte)], REPLY_LIMIT_BYTES)
