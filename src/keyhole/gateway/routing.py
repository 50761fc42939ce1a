"""Which requests open a console, and which go to the HTTP server: the same rule for every request of a connection."""

from keyhole.errors import ProtocolError
from keyhole.protocols.http.head import RequestHead
from keyhole.protocols.websocket.upgrade import wants_websocket

API_PREFIXES = ("/compute", "/identity", "/v1/")
"""Paths on which an upgrade opens no console."""

CONSOLE_PATH = "/console"


def opens_web_socket(head: RequestHead) -> bool:
    """Whether a WebSocket is to carry a console."""
    return wants_websocket(head) and not head.path.startswith(API_PREFIXES)


def opens_raw(head: RequestHead) -> bool:
    """Whether a native viewer asks for plain RFB: by CONNECT, or by a GET that accepts no page.

    A browser's navigation always accepts text/html.
    """
    if head.method == "CONNECT":
        return True
    return head.method == "GET" and head.path == CONSOLE_PATH and "text/html" not in (head.get("accept") or "")


def check_host(head: RequestHead) -> None:
    """Raises ProtocolError for a second Host, or none in HTTP/1.1 (RFC 9112 3.2); native viewers may send none."""
    hosts = head.get_all("host")
    if len(hosts) > 1 or (not hosts and head.version == "1.1" and not opens_raw(head)):
        raise ProtocolError("The request does not have exactly one Host header.")
