"""Addresses as people write them in settings, read into the model's addresses and browsers' origins."""

import os
from urllib.parse import urlsplit

from keyhole.model import Address, TcpAddress, UnixAddress


def parse_listen(text: str) -> Address:
    """`HOST:PORT`, `[V6]:PORT` or `unix:/PATH`. Raises ValueError saying what is right."""
    if text.startswith("unix:"):
        return UnixAddress(_absolute_path(text))
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is not an address to listen on; write HOST:PORT or unix:/PATH")
    return TcpAddress(host.strip("[]"), int(port))


def parse_target_url(text: str) -> Address:
    """`tcp://HOST:PORT` or `unix:/PATH`. Raises ValueError saying what is right."""
    if text.startswith("unix:"):
        return UnixAddress(_absolute_path(text))
    wrong = ValueError(f"{text!r} is not a console's address; write tcp://HOST:PORT or unix:/PATH")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise wrong from error
    if parts.scheme != "tcp" or not parts.hostname or not port or parts.path or parts.query or parts.username:
        raise wrong
    return TcpAddress(parts.hostname, port)


def _absolute_path(text: str) -> str:
    path = text.removeprefix("unix:")
    if not path.startswith("/") or "\0" in path:
        raise ValueError(f"{text!r} is not a unix socket's address; write unix:/ABSOLUTE/PATH")
    if len(os.fsencode(path)) > 107:
        raise ValueError(f"{text!r} is longer than the 107 bytes that a unix socket's path may have")
    return path


def origin_of(url: str) -> str:
    """The origin (scheme, host, port unless it is the scheme's own) of an http(s) URL, as a browser writes it.

    Raises ValueError for anything else.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(f"{url!r} is not an address of the form https://HOST[:PORT]")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" if port in (None, default) else f"{parts.scheme}://{host}:{port}"
