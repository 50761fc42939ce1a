"""The one rule that decides what a request is for, the same for every request of a connection."""

from enum import Enum

from keyhole.errors import ProtocolError
from keyhole.protocols.http.head import RequestHead
from keyhole.protocols.websocket.upgrade import wants_websocket

API_PREFIXES = ("/compute", "/identity", "/v1/")
"""Paths on which an upgrade opens no console."""

CONSOLE_PATH = "/console"


class RequestKind(Enum):
    """API and page requests go to the HTTP server, the others open a console."""

    API = "api"
    PAGE = "page"
    WEBSOCKET_CONSOLE = "websocket console"
    RAW_CONSOLE = "raw console"

    @property
    def opens_console(self) -> bool:
        return self in (RequestKind.WEBSOCKET_CONSOLE, RequestKind.RAW_CONSOLE)


def classify(head: RequestHead) -> RequestKind:
    """The kind of a request.

    A native viewer requests plain RFB by CONNECT, or by a GET that does not accept a page: a browser's navigation
    always accepts text/html.
    """
    is_api = head.path.startswith(API_PREFIXES)
    if wants_websocket(head) and not is_api:
        return RequestKind.WEBSOCKET_CONSOLE
    accepts_page = "text/html" in (head.get("accept") or "")
    if head.method == "CONNECT" or (head.method == "GET" and head.path == CONSOLE_PATH and not accepts_page):
        return RequestKind.RAW_CONSOLE
    return RequestKind.API if is_api else RequestKind.PAGE


def check_host(head: RequestHead) -> None:
    """Raises ProtocolError for a second Host, or none in HTTP/1.1 (RFC 9112 3.2); native viewers may send none."""
    hosts = head.get_all("host")
    if len(hosts) > 1 or (not hosts and head.version == "1.1" and classify(head) is not RequestKind.RAW_CONSOLE):
        raise ProtocolError("The request does not have exactly one Host header.")
