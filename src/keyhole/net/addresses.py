"""Parses addresses in settings into the model's addresses and browsers' origins."""

import os
from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network
from urllib.parse import urlsplit

from keyhole.model import Address, TcpAddress, UnixAddress

IPV6_PREFIX_BITS = 64
"""The size of the IPv6 network that one customer typically has; it counts as one address."""


def parse_listen(text: str) -> Address:
    """`HOST:PORT`, `[V6]:PORT` or `unix:/PATH`. Raises ValueError, which says what is valid."""
    if text.startswith("unix:"):
        return UnixAddress(_absolute_path(text))
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is not an address to listen on; write HOST:PORT or unix:/PATH")
    return TcpAddress(host.strip("[]"), int(port))


def parse_target_url(text: str) -> Address:
    """`tcp://HOST:PORT` or `unix:/PATH`. Raises ValueError, which says what is valid."""
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


def parse_endpoint(text: str) -> tuple[Address, str]:
    """The address in a `model.Target`'s place, and its path for CONNECT ("": none), which only TCP addresses have."""
    if text.startswith("unix:"):
        return parse_target_url(text), ""
    start = text.find("/", len("tcp://"))
    return (parse_target_url(text), "") if start < 0 else (parse_target_url(text[:start]), text[start:])


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


@lru_cache(maxsize=4096)
def network_of(client: str) -> str:
    """The network that counts as one address: an IPv4 address, an IPv6 address's /64, or any other text unchanged."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), IPV6_PREFIX_BITS), strict=False))
