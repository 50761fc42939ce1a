"""The head of one HTTP/1.x request (RFC 9112), as the front door needs it: parsed, and kept unchanged.

Strict where leniency allows request smuggling: lines end in CR LF only, no folded lines, no space before the colon, no
control characters. Lenient where consoles need it: HTTP/1.0, no Host header, any method, CONNECT with a path.
Bytes after the head (a body, WebSocket frames, RFB) are not interpreted.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from keyhole.errors import ProtocolError, TooLarge
from keyhole.protocols.http.cookies import cookie_value

HEAD_LIMIT_BYTES = 16384
HEADERS_LIMIT = 100
METHOD_LIMIT_BYTES = 32

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]"  # RFC 9110 5.6.2
_REQUEST_LINE = re.compile(rf"({_TOKEN}{{1,{METHOD_LIMIT_BYTES}}}) ([\x21-\x7e]+) HTTP/(1\.[01])")
_BEGINNING = re.compile(
    rf"{_TOKEN}{{1,{METHOD_LIMIT_BYTES}}}(?: [\x21-\x7e]*(?: [HTP/1.0]{{0,8}}(?:\r\n?)?)?)?".encode("ascii")
)
_BEGINNING_BYTES = 64
_HEADER_LINE = re.compile(rf"({_TOKEN}+):[\t ]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_BAD_BYTE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?=[^\n])")
_ORIGIN = re.compile(r"\Ahttps?://[^/?#]*", re.IGNORECASE)

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request's line and headers. Text is decoded as Latin-1; header names are in lower case.

    `target` is as sent; `path` and `query` are its parts, not percent-decoded, without an absolute target's origin.
    `raw` is the complete head with its empty line, to pass on to another parser.
    """

    method: str
    target: str = field(repr=False)  # may contain a token
    path: str
    query: str = field(repr=False)
    version: str
    headers: Headers = field(repr=False)
    raw: bytes = field(repr=False)
    by_name: Mapping[str, Sequence[str]] = field(repr=False, compare=False)
    """The values of `headers` by name, in their order."""

    def get(self, name: str) -> str | None:
        """The first value of the header with this lower-case name."""
        values = self.by_name.get(name)
        return values[0] if values else None

    def get_all(self, name: str) -> Sequence[str]:
        """Every value of the header with this lower-case name."""
        return self.by_name.get(name, ())

    def list_items(self, name: str) -> list[str]:
        """The elements of a comma-separated header, over all its lines (RFC 9110 5.6.1)."""
        values = self.by_name.get(name)
        if not values:
            return []
        return [item for value in values for part in value.split(",") if (item := part.strip(" \t"))]


class RequestHeadReader:
    """Collects one head. Bytes that cannot become one are refused as early as possible.

    Raises ProtocolError for a malformed head (HTTP 400), TooLarge for one beyond the limits (HTTP 431).
    """

    __slots__ = ("_buffer", "_checked", "_limit")

    def __init__(self, limit_bytes: int = HEAD_LIMIT_BYTES) -> None:
        self._buffer = bytearray()
        self._checked = 0
        self._limit = limit_bytes

    def receive_data(self, data: bytes) -> RequestHead | None:
        """The head once it is complete; no further calls are allowed then."""
        buffer = self._buffer
        buffer += data
        end = buffer.find(b"\r\n\r\n", max(0, self._checked - 3), self._limit)
        seen = end + 4 if end >= 0 else min(len(buffer), self._limit)
        # One byte back: a CR at the end of the previous read must be checked with its next byte.
        is_bad = _BAD_BYTE.search(buffer, max(0, self._checked - 1), seen)
        if (is_bad or end < 0) and self._checked < _BEGINNING_BYTES:
            _check_beginning(bytes(buffer[:_BEGINNING_BYTES]))
        if is_bad:
            raise ProtocolError("The request head contains a control character, or a line end that is not CR LF.")
        self._checked = seen
        if end < 0:
            if seen == self._limit:
                raise TooLarge(f"The request head is larger than {self._limit} bytes.")
            return None
        raw = bytes(buffer[:seen])
        del buffer[:seen]
        return _parse(raw)

    def trailing_data(self) -> bytes:
        """The bytes received after the head; returned once."""
        trailing = bytes(self._buffer)
        self._buffer.clear()
        return trailing


def _check_beginning(start: bytes) -> None:
    """Refuses bytes that cannot become a request line, such as TLS, SSH or RFB, without waiting for more."""
    line = start[: start.find(b"\n") + 1] or start
    if line and not _BEGINNING.fullmatch(line):
        raise ProtocolError("This is not an HTTP/1.0 or HTTP/1.1 request.")


def _parse(raw: bytes) -> RequestHead:
    request_line, *lines = raw[:-4].decode("latin-1").split("\r\n")
    if not (match := _REQUEST_LINE.fullmatch(request_line)):
        _check_beginning(raw[:_BEGINNING_BYTES])
        raise ProtocolError("The request line is not 'METHOD target HTTP/1.1'.")
    if len(lines) > HEADERS_LIMIT:
        raise TooLarge(f"The request has more than {HEADERS_LIMIT} headers.")
    method, target, version = match.groups()
    path, _, query = _ORIGIN.sub("", target.partition("#")[0]).partition("?")
    # RFC 9112 3.2: other targets, appended to an origin as in a redirect, would change its host name.
    if path and not path.startswith("/") and method != "CONNECT" and target != "*":
        raise ProtocolError("The request's target is neither a path nor an http or https address.")
    headers = _parse_headers(lines)
    by_name: dict[str, list[str]] = {}
    for name, value in headers:
        by_name.setdefault(name, []).append(value)
    return RequestHead(method, target, path or "/", query, version, headers, raw, by_name)


def _parse_headers(lines: list[str]) -> Headers:
    headers = []
    for line in lines:
        if not (match := _HEADER_LINE.fullmatch(line)):
            raise ProtocolError(
                "A header line is not 'name: value'; folded lines and spaces in the name are not allowed."
            )
        name, value = match.groups()
        headers.append((name.lower(), value.rstrip(" \t")))
    return tuple(headers)


def query_value(query: str, name: str) -> str | None:
    """The last value of a name in a query string, percent-decoded; malformed parts are skipped."""
    for part in reversed(query.split("&")):
        key, _, value = part.partition("=")
        if unquote_plus(key) == name:
            return unquote_plus(value)
    return None


def console_token(head: RequestHead) -> str | None:
    """A request's console token, from the query or else from a cookie; None if missing or empty."""
    return query_value(head.query, "token") or cookie_value(head.headers, "token") or None
