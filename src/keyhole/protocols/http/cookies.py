"""Cookies (RFC 6265): read from request headers, and written as Set-Cookie.

Keyhole's cookies are unavailable to scripts (HttpOnly), not sent from other sites (SameSite=Strict), for one path and
without Domain.
"""

import re
from collections.abc import Iterable

# 4.1.1; commas are accepted, since some clients send them, but not written.
_COOKIE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(\"?)([\x21\x23-\x3a\x3c-\x5b\x5d-\x7e]*)\2")
_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")


def cookie_values(headers: Iterable[tuple[str, str]], name: str) -> list[str]:
    """Every value of a cookie in the Cookie headers (their names in lower case), in order; malformed parts are skipped.

    A browser sends the cookie with the longest path first (5.4), so cookies set by pages of other paths follow it.
    """
    pairs = (
        _COOKIE.fullmatch(part.strip(" \t")) for key, value in headers if key == "cookie" for part in value.split(";")
    )
    return [match[3] for match in pairs if match and match[1] == name]


def cookie_value(headers: Iterable[tuple[str, str]], name: str) -> str | None:
    """The last value of a cookie."""
    values = cookie_values(headers, name)
    return values[-1] if values else None


def set_cookie(name: str, value: str, path: str, *, max_age_seconds: int, secure: bool) -> str:
    """The value of a Set-Cookie header (4.1); with 0 seconds the browser forgets the cookie.

    ValueError for a value that cannot be in a cookie.
    """
    if not _VALUE.fullmatch(value):
        raise ValueError("the cookie's value has characters that a cookie cannot have")
    attributes = f"Path={path}; Max-Age={max_age_seconds}; HttpOnly; SameSite=Strict"
    return f"{name}={value}; {attributes}; Secure" if secure else f"{name}={value}; {attributes}"
