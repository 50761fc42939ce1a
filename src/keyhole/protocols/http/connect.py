"""The HTTP/1.x request that opens a raw tunnel, for both sides.

Viewers of the xvpvnc console send `CONNECT /console?token=... HTTP/1.0` and expect exactly `TUNNEL_OPEN` before plain
RFB. Some hypervisors (XenServer) require the same request before RFB: that is `TunnelHandshake`.
"""

import re
from http import HTTPStatus
from typing import Never

from keyhole.errors import ProtocolError, TunnelRefused
from keyhole.protocols.machine import Machine, Read, ReadUntil, Script

TUNNEL_OPEN = b"HTTP/1.1 200 OK\r\n\r\n"
"""The reply to a viewer's CONNECT, after which both sides use plain RFB. Old clients compare it up to "200 "."""

REPLY_LIMIT_BYTES = 8192

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})")
_STATUS_BYTES = len(b"HTTP/1.1 200")


def refusal(status: int, body: str = "", *, phrase: str = "") -> bytes:
    """A complete HTTP response that refuses the request and closes the connection. `body` is plain text.

    `phrase` replaces the status's standard phrase.
    """
    content = body.encode()
    content_type = "Content-Type: text/plain; charset=utf-8\r\n" if content else ""
    phrase = phrase or HTTPStatus(status).phrase
    head = f"HTTP/1.1 {status} {phrase}\r\n{content_type}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    return head.encode() + content


def redirection(location: str) -> bytes:
    """A complete HTTP response that redirects the client permanently (RFC 9110 15.4.9)."""
    head = f"HTTP/1.1 308 Permanent Redirect\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return head.encode()


def check_path(path: str) -> None:
    """Raises ValueError for a tunnel's path that would not be a single word of the request."""
    if not re.fullmatch(r"/[\x21-\x7e]*", path):
        raise ValueError("The path of a tunnel starts with '/' and contains only visible ASCII characters.")


class TunnelHandshake(Machine[Never]):
    """Requests a tunnel to `path` from a host. Done after the status 200; bytes after the reply are trailing data.

    `host` is the value of the Host header. Raises TunnelRefused for another status, ProtocolError for another protocol,
    TooLarge for a reply beyond REPLY_LIMIT_BYTES.
    """

    __slots__ = ("_host", "_path")

    peer = "host"

    def __init__(self, path: str, host: str) -> None:
        check_path(path)
        if not re.fullmatch(r"[\x21-\x7e]+", host):
            raise ValueError("The host of a tunnel contains only visible ASCII characters.")
        self._path = path
        self._host = host
        super().__init__()

    def script(self) -> Script:
        self.send(f"CONNECT {self._path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
        # As many bytes as an RFB greeting has: a host without HTTP is detected at once.
        status = _STATUS.fullmatch((yield Read(_STATUS_BYTES, "the status of the reply to CONNECT")))
        if not status:
            raise ProtocolError("The host's reply to CONNECT is not HTTP.")
        if status[1] != b"200":
            raise TunnelRefused(f"The host answered CONNECT with status {status[1].decode()}.")
        rest = yield ReadUntil(b"\r\n\r\n", REPLY_LIMIT_BYTES - _STATUS_BYTES, "the reply to CONNECT")
        if rest[:1] not in (b" ", b"\r"):
            raise ProtocolError("The status of the host's reply to CONNECT has more than three digits.")
