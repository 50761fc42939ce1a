"""The opening handshake (4.2). Extensions are not negotiated."""

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass

from keyhole.errors import ProtocolError
from keyhole.protocols.http.head import RequestHead

VERSION = "13"

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # 1.3
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")  # 16 bytes in base64


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A valid opening handshake: the key to answer, and the subprotocols in the client's order."""

    key: str
    subprotocols: tuple[str, ...]


def wants_websocket(head: RequestHead) -> bool:
    """Whether the request is for a WebSocket, even a malformed one."""
    return "websocket" in (item.lower() for item in head.list_items("upgrade"))


def check_upgrade(head: RequestHead) -> Upgrade:
    """Checks a request by 4.2.1. Raises ProtocolError with a sentence that says what is wrong."""
    if head.method != "GET" or head.version != "1.1":
        raise ProtocolError("A WebSocket is opened with a GET request of HTTP/1.1.")
    if not wants_websocket(head) or "upgrade" not in (item.lower() for item in head.list_items("connection")):
        raise ProtocolError("A WebSocket is opened with 'Upgrade: websocket' and 'Connection: Upgrade'.")
    if head.get_all("sec-websocket-version") != [VERSION]:
        raise ProtocolError("The header 'Sec-WebSocket-Version: 13' is missing or names another version.")
    keys = head.get_all("sec-websocket-key")
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        raise ProtocolError("The header Sec-WebSocket-Key must be present once, with 16 bytes in base64.")
    return Upgrade(keys[0], tuple(head.list_items("sec-websocket-protocol")))


def choose_subprotocol(head: RequestHead) -> str | None:
    """`binary` if it is offered. No subprotocol is required, and others are ignored."""
    return "binary" if "binary" in head.list_items("sec-websocket-protocol") else None


def upgrade_response(key: str, subprotocol: str | None, set_cookie: str | None = None) -> bytes:
    """The 101 response to a valid opening handshake (4.2.2), which may set a cookie (1.3)."""
    accept = b64encode(hashlib.sha1((key + _GUID).encode("ascii"), usedforsecurity=False).digest()).decode("ascii")
    chosen = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
    cookie = f"Set-Cookie: {set_cookie}\r\n" if set_cookie else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n{chosen}{cookie}\r\n"
    ).encode("ascii")
