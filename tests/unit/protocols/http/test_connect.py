import pytest

from keyhole.errors import ProtocolError, TooLarge, TunnelRefused
from keyhole.protocols.http.connect import REPLY_LIMIT_BYTES, TUNNEL_OPEN, TunnelHandshake, refusal


def test_the_reply_that_opens_a_tunnel_is_what_old_clients_compare() -> None:
    assert TUNNEL_OPEN == b"HTTP/1.1 200 OK\r\n\r\n"


def test_a_refusal_says_how_long_it_is() -> None:
    assert refusal(401, "Not Authorizéd", phrase="Not Authorized") == (
        b"HTTP/1.1 401 Not Authorized\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 15\r\n"
        b"Connection: close\r\n\r\nNot Authoriz\xc3\xa9d"
    )


def test_a_refusal_may_be_empty() -> None:
    assert refusal(403) == b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def test_a_host_opens_the_tunnel() -> None:
    machine = TunnelHandshake("/console?ref=OpaqueRef:1&session_id=2", "10.0.0.5:80")
    assert machine.data_to_send() == [
        b"CONNECT /console?ref=OpaqueRef:1&session_id=2 HTTP/1.1\r\nHost: 10.0.0.5:80\r\n\r\n"
    ]
    machine.receive_data(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nRFB 003.008\n")
    assert machine.done
    assert machine.trailing_data() == b"RFB 003.008\n"


@pytest.mark.parametrize(
    "reply", [b"HTTP/1.0 200 \r\n\r\n", b"HTTP/1.1 200\r\n\r\n", b"HTTP/1.1 200 a 403 b\r\nA: b\r\n\r\n"]
)
def test_only_the_status_counts(reply: bytes) -> None:
    machine = TunnelHandshake("/console", "host:80")
    machine.receive_data(reply)
    assert machine.done


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (b"HTTP/1.1 403 Forbidden-200\r\n\r\n", "status 403"),
        (b"HTTP/1.1 503 ", "status 503"),
        (b"HTTP/1.1 204 200 OK\r\n\r\n", "status 204"),
        (b"HTTP/1.1 500 see 200\r\n\r\n", "status 500"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "status 100"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "three digits"),
        (b"HTTP/2.0 200 OK\r\n\r\n", "not HTTP"),
        (b"RFB 003.008\n", "not HTTP"),
        (b"200 HTTP/1.1 200\r\n\r\n", "not HTTP"),
    ],
)
def test_other_replies_are_failures(reply: bytes, message: str) -> None:
    machine = TunnelHandshake("/console", "host:80")
    with pytest.raises(ProtocolError, match=message):
        machine.receive_data(reply)
    assert not machine.done


def test_the_reply_is_limited() -> None:
    start = b"HTTP/1.1 200 OK\r\n"
    fits = start + b"x" * (REPLY_LIMIT_BYTES - len(start) - 4) + b"\r\n\r\n"
    machine = TunnelHandshake("/console", "host:80")
    machine.receive_data(fits)
    assert machine.done
    with pytest.raises(TooLarge):
        TunnelHandshake("/console", "host:80").receive_data(fits.replace(b"OK", b"OKAY"))


def test_a_host_that_hangs_up_is_a_failure() -> None:
    machine = TunnelHandshake("/console", "host:80")
    machine.receive_data(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(ProtocolError, match="The host closed the connection; still missing: the reply to CONNECT"):
        machine.receive_eof()


@pytest.mark.parametrize("path", ["", "console", "/a b", "/a\r\nX: y", "/\x00", "/é"])
def test_a_path_that_would_break_the_request_is_our_own_mistake(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        TunnelHandshake(path, "host")


@pytest.mark.parametrize("host", ["", "a b", "a\r\nX: y", "\x00", "é"])
def test_so_is_a_host_that_would(host: str) -> None:
    with pytest.raises(ValueError, match="host"):
        TunnelHandshake("/", host)


def test_another_status_is_told_apart_from_another_protocol() -> None:
    with pytest.raises(TunnelRefused):
        TunnelHandshake("/", "host").receive_data(b"HTTP/1.1 401 Unauthorised\r\n")
    with pytest.raises(ProtocolError) as caught:
        TunnelHandshake("/", "host").receive_data(b"RFB 003.008\n")
    assert not isinstance(caught.value, TunnelRefused)
