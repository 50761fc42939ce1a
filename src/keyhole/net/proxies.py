"""The trusted reverse proxies, and the addresses of their clients."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network


@dataclass(frozen=True, slots=True)
class Proxies:
    """The reverse proxies whose X-Forwarded-For is trusted."""

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
        """The client's address: the last one that is not a proxy, among those in X-Forwarded-For and then the peer.

        Each proxy appends its own peer, so addresses before the last one that is not a proxy may be forged. The list is
        read backwards, and only up to an entry that is not an address.
        """
        client = peer
        for hop in reversed([hop.strip() for line in forwarded_for for hop in line.split(",")]):
            if client not in self or not _is_address(hop):
                break
            client = hop
        return client


def parse_proxies(texts: Iterable[str]) -> Proxies:
    """Addresses, networks (`10.0.0.0/8`) and the word `unix`. Raises ValueError, which says what is valid."""
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
