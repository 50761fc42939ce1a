"""Addresses as people write them in settings, read into the model's addresses and browsers' origins."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from keyhole.model import Address, TcpAddress, UnixAddress

IPV6_PREFIX_BITS = 64
"""What one customer has of IPv6: an address that is counted is the network of this size."""


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


def parse_place(text: str) -> tuple[Address, str]:
    """A `model.Target`'s place: its address, and the path for CONNECT ("": none), which only TCP addresses have."""
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


@dataclass(frozen=True, slots=True)
class Proxies:
    """The reverse proxies that are believed about who their clients are."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    on_unix_socket: bool = False

    def __contains__(self, peer: str) -> bool:
        """Whether a peer, by its address (empty on a unix socket), is one of them."""
        if not peer:
            return self.on_unix_socket
        if not self.networks:
            return False
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.networks)

    def client_of(self, peer: str, forwarded_for: Iterable[str]) -> str:
        """The client's address: of the peer and those that X-Forwarded-For lists, the last that is no proxy.

        Each proxy adds its own peer at the end, so what stands before the first stranger from the end is hearsay. A
        list that is no list of addresses counts up to where it is one.
        """
        client = peer
        for hop in reversed([hop.strip() for line in forwarded_for for hop in line.split(",")]):
            if client not in self or not _is_address(hop):
                break
            client = hop
        return client


def parse_proxies(texts: Iterable[str]) -> Proxies:
    """Addresses, networks (`10.0.0.0/8`) and the word `unix`. Raises ValueError saying what is right."""
    networks, on_unix_socket = [], False
    for text in texts:
        if text == "unix":
            on_unix_socket = True
            continue
        try:
            networks.append(ip_network(text))
        except ValueError as error:
            message = f"{text!r} is not an address or network; write 192.0.2.1, 10.0.0.0/8 or unix"
            raise ValueError(message) from error
    return Proxies(tuple(networks), on_unix_socket)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def network_of(client: str) -> str:
    """What is counted as one address: an IPv4 address, the /64 around an IPv6 address, any other text as it is."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), IPV6_PREFIX_BITS), strict=False))
