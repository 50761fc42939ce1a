"""Who owns a TCP port: a QEMU that was taken over may report any address as its console.

QEMU listens on its own machine, so only this machine's addresses are accepted, and the kernel reports which user
listens. Linux only. Blocks; run it in a thread.

Source: Linux, Documentation/networking/proc_net_tcp.rst.
"""

import ipaddress
import re
import socket
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from keyhole.model import TcpAddress

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))

_LINE = re.compile(
    r" *[0-9]+: (?P<address>[0-9A-F]{8}|[0-9A-F]{32}):(?P<port>[0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4}"
    r" (?P<state>[0-9A-F]{2}) [0-9A-F]+:[0-9A-F]+ [0-9A-F]{2}:[0-9A-F]+ [0-9A-F]+ +(?P<user>[0-9]{1,10}) .*",
    re.ASCII | re.DOTALL,
)
_LISTENING = "0A"


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket: its address, which may be the unspecified one, its port and the user id of its owner."""

    address: IpAddress
    port: int
    user_id: int


def listener_problem(address: TcpAddress, user_ids: frozenset[int]) -> str | None:
    """What is wrong with a console's address, as the end of a sentence; None if one of these users listens there on
    this machine. The host is a literal IP address. Raises OSError when the kernel's tables cannot be read.
    """
    host = _plain(ipaddress.ip_address(address.host))
    if not _is_local(host):
        return "is not on this machine"
    owners = _owners(host, address.port, _read_tables())
    if not owners:
        return "has no listener"
    return None if owners <= user_ids else "belongs to a user whose processes may not listen there"


def parse_listeners(lines: Iterable[str]) -> Iterator[Listener]:
    """The listening sockets of /proc/net/tcp or tcp6. They come first, so reading ends at the first other socket; lines
    that do not describe a socket are skipped.
    """
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        if found["state"] != _LISTENING:
            return
        yield Listener(_address(found["address"]), int(found["port"], 16), int(found["user"]))


def _read_tables() -> list[Listener]:
    listeners: list[Listener] = []
    for table in TABLES:
        try:
            with table.open(encoding="ascii") as lines:
                listeners += parse_listeners(lines)
        except FileNotFoundError:
            continue  # No IPv6 in this kernel.
    return listeners


def _owners(host: IpAddress, port: int, listeners: Iterable[Listener]) -> frozenset[int]:
    """The users of all sockets that a connection may reach. An IPv6 wildcard accepts IPv4 where no IPv4 socket does."""
    at_port = [listener for listener in listeners if listener.port == port]
    own = [each for each in at_port if each.address == host or _is_wildcard(each.address, host.version)]
    others = [each for each in at_port if host.version == 4 and _is_wildcard(each.address, 6)]
    return frozenset(listener.user_id for listener in own or others)


def _is_wildcard(address: IpAddress, version: int) -> bool:
    return address.is_unspecified and address.version == version


def _is_local(host: IpAddress) -> bool:
    """Loopback, or an interface's own address: the kernel would use it as source address to reach it.

    Binding would not show this: sysctl ip_nonlocal_bind and IP_FREEBIND allow it for any address. Nothing is sent.
    """
    if host.is_loopback:
        return True
    family = socket.AF_INET if host.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
            probe.connect((str(host), 9))
            return _plain(ipaddress.ip_address(probe.getsockname()[0])) == host
    except OSError:
        return False


def _address(digits: str) -> IpAddress:
    """An address as the kernel prints it: 32-bit words, each in this machine's byte order."""
    words = (int(digits[at : at + 8], 16) for at in range(0, len(digits), 8))
    packed = bytes(chain.from_iterable(word.to_bytes(4, sys.byteorder) for word in words))
    return _plain(ipaddress.ip_address(packed))


def _plain(address: IpAddress) -> IpAddress:
    """An IPv4 address where IPv6 wraps one."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
