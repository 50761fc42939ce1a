import pytest

from keyhole.errors import ProtocolError
from keyhole.protocols.http.head import RequestHead, RequestHeadReader
from keyhole.protocols.websocket.upgrade import (
    Upgrade,
    check_upgrade,
    choose_subprotocol,
    upgrade_response,
    wants_websocket,
)

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


def test_a_good_opening() -> None:
    head = request(Sec_WebSocket_Protocol="chat, binary")
    assert check_upgrade(head) == Upgrade(KEY, ("chat", "binary"))
    assert wants_websocket(head)


def test_tokens_are_compared_without_case_within_lists() -> None:
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
def test_bad_openings_are_refused_with_a_sentence(head: RequestHead, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        check_upgrade(head)


@pytest.mark.parametrize(
    ("offer", "chosen"), [("binary", "binary"), ("base64, binary", "binary"), ("base64", None), (None, None)]
)
def test_binary_is_chosen_where_it_is_offered(offer: str | None, chosen: str | None) -> None:
    assert choose_subprotocol(request(Sec_WebSocket_Protocol=offer)) == chosen


def test_the_response_holds_the_answer_to_the_key() -> None:
    # The RFC's own example, 1.3.
    assert upgrade_response(KEY, None) == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    )


def test_the_response_names_the_chosen_subprotocol() -> None:
    assert upgrade_response(KEY, "binary").endswith(b"\r\nSec-WebSocket-Protocol: binary\r\n\r\n")
