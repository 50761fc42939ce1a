"""The reverse proxies that are believed about who their clients are."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network


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
