"""What a request asks for: one rule for whichever request of a connection it is."""

import pytest

from keyhole.errors import ProtocolError
from keyhole.gateway.routing import RequestKind, check_host, classify
from keyhole.protocols.http.head import RequestHead, RequestHeadReader

UPGRADE = ("Upgrade: websocket", "Connection: Upgrade")
PAGE = "Accept: text/html,*/*"


def head_of(request: str, *lines: str) -> RequestHead:
    head = RequestHeadReader().receive_data("\r\n".join((f"{request} HTTP/1.1", *lines, "", "")).encode())
    assert head is not None
    return head


@pytest.mark.parametrize(
    ("request_line", "lines", "kind"),
    [
        ("GET /?token=x", UPGRADE, RequestKind.WEBSOCKET_CONSOLE),
        ("GET /anything", UPGRADE, RequestKind.WEBSOCKET_CONSOLE),
        ("GET /compute/v2.1", UPGRADE, RequestKind.API),
        ("GET /v1/sessions", UPGRADE, RequestKind.API),
        ("GET /console?token=x", (), RequestKind.RAW_CONSOLE),
        ("GET /console?token=x", ("Accept: */*",), RequestKind.RAW_CONSOLE),
        ("GET /console?token=x", (PAGE,), RequestKind.PAGE),
        ("POST /console", (), RequestKind.PAGE),
        ("CONNECT /console?token=x", (PAGE,), RequestKind.RAW_CONSOLE),
        ("CONNECT /compute", (), RequestKind.RAW_CONSOLE),
        ("GET /vnc_lite.html", (PAGE,), RequestKind.PAGE),
        ("POST /identity/v3/auth/tokens", (), RequestKind.API),
        ("GET /v1", (), RequestKind.PAGE),
    ],
)
def test_a_requests_kind(request_line: str, lines: tuple[str, ...], kind: RequestKind) -> None:
    assert classify(head_of(request_line, *lines)) is kind
    assert kind.opens_console is (kind in (RequestKind.WEBSOCKET_CONSOLE, RequestKind.RAW_CONSOLE))


def test_only_native_viewers_may_leave_the_host_out() -> None:
    check_host(head_of("GET /console"))
    check_host(head_of("GET /", "Host: a"))
    for head in (head_of("GET /"), head_of("GET /console", "Host: a", "Host: b")):
        with pytest.raises(ProtocolError, match="exactly one Host"):
            check_host(head)
