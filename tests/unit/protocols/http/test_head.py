import pytest

from keyhole.errors import ProtocolError, TooLarge
from keyhole.protocols.http.cookies import cookie_value
from keyhole.protocols.http.head import (
    HEAD_LIMIT_BYTES,
    HEADERS_LIMIT,
    RequestHead,
    RequestHeadReader,
    console_token,
    query_value,
)


def parse(raw: bytes) -> RequestHead:
    head = RequestHeadReader().receive_data(raw)
    assert head is not None
    return head


def test_a_browsers_request() -> None:
    raw = (
        b"GET /?token=abc&x=1 HTTP/1.1\r\nHost: console.example.com\r\nX-Odd:\t two  words \t\r\n"
        b"Accept: a\r\nACCEPT: b, c\r\nEmpty:\r\n\r\n"
    )
    head = parse(raw)
    assert (head.method, head.target, head.version) == ("GET", "/?token=abc&x=1", "1.1")
    assert (head.path, head.query) == ("/", "token=abc&x=1")
    assert head.get("host") == "console.example.com"
    assert head.get("x-odd") == "two  words"
    assert head.get("empty") == ""
    assert head.get("missing") is None
    assert head.get("accept") == "a"
    assert head.get_all("accept") == ["a", "b, c"]
    assert head.list_items("accept") == ["a", "b", "c"]
    assert head.raw == raw


def test_the_old_vnc_client_sends_no_headers_at_all() -> None:
    head = parse(b"CONNECT /console?token=T HTTP/1.0\r\n\r\n")
    assert (head.method, head.path, head.query, head.version) == ("CONNECT", "/console", "token=T", "1.0")
    assert head.headers == ()


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/a?b?c#d", "/a", "b?c"),
        ("http://host:80/a?b", "/a", "b"),
        ("HTTPS://host?b", "/", "b"),
        ("/a?u=http://other/", "/a", "u=http://other/"),
        ("*", "*", ""),
        ("?token=T", "/", "token=T"),
    ],
)
def test_targets(target: str, path: str, query: str) -> None:
    head = parse(f"GET {target} HTTP/1.1\r\n\r\n".encode())
    assert (head.target, head.path, head.query) == (target, path, query)


def test_what_follows_the_head_is_kept_apart() -> None:
    reader = RequestHeadReader()
    assert reader.receive_data(b"POST / HTTP/1.1\r\nContent-Le") is None
    assert reader.trailing_data() == b"POST / HTTP/1.1\r\nContent-Le"
    reader = RequestHeadReader()
    assert reader.receive_data(b"POST / HTTP/1.1\r\nA: b\r\n\r") is None
    assert reader.receive_data(b"\n\x00\nbody") is not None
    assert reader.trailing_data() == b"\x00\nbody"
    assert reader.trailing_data() == b""


def test_header_bytes_beyond_ascii_are_latin_1() -> None:
    assert parse(b"GET / HTTP/1.1\r\nName: \xe9\r\n\r\n").get("name") == "é"


def test_neither_target_nor_headers_show_in_the_log() -> None:
    head = parse(b"GET /?token=secret HTTP/1.1\r\nCookie: token=secret\r\n\r\n")
    assert "secret" not in repr(head)


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1 \r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET / HTTP/1.2\r\n\r\n",
        b"GET / http/1.1\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\n\r\n",
        b"G@T / HTTP/1.1\r\n\r\n",
        b"GET /a\tb HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nName : value\r\n\r\n",
        b"GET / HTTP/1.1\r\nNa me: value\r\n\r\n",
        b"GET / HTTP/1.1\r\n: value\r\n\r\n",
        b"GET host:443 HTTP/1.1\r\n\r\n",
        b"GET @host/ HTTP/1.1\r\n\r\n",
        b"GET ftp://host/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\n\tfolded: first\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\x00c\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\x7fc\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
        b"GET / HTTP/1.1\nA: b\n\n",
        b"GET / HTTP/1.1\r\nA: b\r\n\n",
        b"\r\nGET / HTTP/1.1\r\n\r\n",
        b" GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_malformed_heads_are_refused(raw: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        RequestHeadReader().receive_data(raw)
    assert not isinstance(caught.value, TooLarge)


@pytest.mark.parametrize(
    "start",
    [
        b"\x16\x03\x01",
        b"\x00",
        b"RFB 003.008\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"GET / HTTP/1.1\n",
        b"GET / SIP",
        b"EHLO there\r\n",
        b'{"execute": "qmp_capabilities"}',
        b"A" * 33,
        b"GET / HTTP/1.1\r\nA: b\x00",
    ],
)
def test_what_cannot_become_a_request_is_refused_without_waiting_for_more(start: bytes) -> None:
    with pytest.raises(ProtocolError):
        RequestHeadReader().receive_data(start)


@pytest.mark.parametrize("reads", [[b"\rc"], [b"\r", b"c"]])
def test_a_lone_carriage_return_is_refused_as_soon_as_it_is_known_to_be_one(reads: list[bytes]) -> None:
    reader = RequestHeadReader()
    assert reader.receive_data(b"GET / HTTP/1.1\r\nA: " + b"b" * 60) is None
    *earlier, last = reads
    assert [reader.receive_data(data) for data in earlier] == [None] * len(earlier)
    with pytest.raises(ProtocolError, match="CR LF"):
        reader.receive_data(last)


def test_the_size_of_the_head_is_limited_exactly() -> None:
    line = b"GET / HTTP/1.1\r\nA: "
    fits = line + b"x" * (HEAD_LIMIT_BYTES - len(line) - 4) + b"\r\n\r\n"
    assert parse(fits + bytes(100000)).raw == fits
    with pytest.raises(TooLarge, match="16384 bytes"):
        RequestHeadReader().receive_data(fits.replace(b"A: ", b"A: x"))
    reader = RequestHeadReader(limit_bytes=20)
    assert reader.receive_data(b"GET / HTTP/1.1\r\nA: ") is None
    with pytest.raises(TooLarge):
        reader.receive_data(b"x")


def test_the_number_of_headers_is_limited_exactly() -> None:
    fits = b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * HEADERS_LIMIT + b"\r\n"
    assert len(parse(fits).headers) == HEADERS_LIMIT
    with pytest.raises(TooLarge, match="100 headers"):
        parse(fits[:-2] + b"A: b\r\n\r\n")


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("token=T", "T"),
        ("token=A&token=B", "B"),
        ("x=1&token=a%2Fb+c&y", "a/b c"),
        ("%74oken=T", "T"),
        ("token", ""),
        ("token=%zz%", "%zz%"),
        ("&&=&token=T&=", "T"),
        ("mytoken=T", None),
        ("path=%3Ftoken%3DT", None),
        ("", None),
    ],
)
def test_query_value(query: str, value: str | None) -> None:
    assert query_value(query, "token") == value


@pytest.mark.parametrize(
    ("cookie", "value"),
    [
        ("token=T", "T"),
        ("a=b; token=T; c=d", "T"),
        ("token=A;token=B", "B"),
        ('token="T"', "T"),
        ("token=", ""),
        ("junk; =; a b=c; token=T; tok\x01en=x", "T"),
        ('token="T', None),
        ("token=T; token=bad value", "T"),
        ("path=%3Ftoken%3DT", None),
        ("TOKEN=T", None),
    ],
)
def test_cookie_value(cookie: str, value: str | None) -> None:
    assert cookie_value([("host", "token=no"), ("cookie", cookie)], "token") == value


@pytest.mark.parametrize(
    ("target", "cookie", "token"),
    [
        ("/?token=Q", "token=C", "Q"),
        ("/websockify", "token=C", "C"),
        ("/?token=", "token=C", "C"),
        ("/?token=Q", "path=%3Ftoken%3DQ", "Q"),
        ("/?token=", "token=", None),
        ("/", "a=b", None),
    ],
)
def test_the_console_token_is_in_the_query_or_else_in_a_cookie(target: str, cookie: str, token: str | None) -> None:
    head = parse(f"GET {target} HTTP/1.1\r\nCookie: {cookie}\r\n\r\n".encode())
    assert console_token(head) == token
