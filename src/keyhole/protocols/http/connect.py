"""The HTTP/1.x opening of a raw tunnel, both halves.

Viewers of the xvpvnc console send `CONNECT /console?token=... HTTP/1.0` and expect exactly `TUNNEL_OPEN` before plain
RFB. Some hypervisors (XenServer) want the same of us before they speak RFB: that is `TunnelHandshake`.
"""

import re
from http import HTTPStatus
from typing import Never

from keyhole.errors import ProtocolError, TunnelRefused
from keyhole.protocols.machine import Machine, Read, ReadUntil, Script

TUNNEL_OPEN = b"HTTP/1.1 200 OK\r\n\r\n"
"""The reply to a viewer's CONNECT, after which both sides speak plain RFB. Old clients compare it up to "200 "."""

REPLY_LIMIT_BYTES = 8192

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})")
_STATUS_BYTES = len(b"HTTP/1.1 200")


def refusal(status: int, body: str = "", *, phrase: str = "") -> bytes:
    """A whole HTTP response that refuses the request and announces the connection's end. `body` is plain text.

    `phrase` stands in for the status' own.
    """
    content = body.encode()
    content_type = "Content-Type: text/plain; charset=utf-8\r\n" if content else ""
    phrase = phrase or HTTPStatus(status).phrase
    head = f"HTTP/1.1 {status} {phrase}\r\n{content_type}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    return head.encode() + content


def redirection(location: str) -> bytes:
    """A whole HTTP response that sends the client to the same resource elsewhere for good (RFC 9110 15.4.9)."""
    head = f"HTTP/1.1 308 Permanent Redirect\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return head.encode()


def check_path(path: str) -> None:
    """Raises ValueError for the path of a tunnel that would not stay one word of the request."""
    if not re.fullmatch(r"/[\x21-\x7e]*", path):
        raise ValueError("The path of a tunnel starts with '/' and holds visible ASCII characters only.")


class TunnelHandshake(Machine[Never]):
    """Asks a host to open a tunnel to `path`. Done after the status 200; what follows the reply is trailing data.

    `host` is what the Host header says. Raises TunnelRefused for another status, ProtocolError for another protocol,
    TooLarge for a reply beyond REPLY_LIMIT_BYTES.
    """

    __slots__ = ("_host", "_path")

    peer = "host"

    def __init__(self, path: str, host: str) -> None:
        check_path(path)
        if not re.fullmatch(r"[\x21-\x7e]+", host):
            raise ValueError("The host of a tunnel holds visible ASCII characters only.")
        self._path = path
        self._host = host
        super().__init__()

    def script(self) -> Script:
        self.send(f"CONNECT {self._path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
        # As many bytes as an RFB greeting has: a host that skips HTTP is found out at once.
        status = _STATUS.fullmatch((yield Read(_STATUS_BYTES, "the status of the reply to CONNECT")))
        if not status:
            raise ProtocolError("The host's reply to CONNECT is not HTTP.")
        if status[1] != b"200":
            raise TunnelRefused(f"The host answered CONNECT with status {status[1].decode()}.")
        rest = yield ReadUntil(b"\r\n\r\n", REPLY_LIMIT_BYTES - _STATUS_BYTES, "the reply to CONNECT")
        if rest[:1] not in (b" ", b"\r"):
            raise ProtocolError("The status of the host's reply to CONNECT has more than three digits.")
