"""How peers are called, on TCP and on unix sockets."""

import asyncio
from typing import Any

import pytest

from keyhole.net.peers import peer_address, peer_name


class Peered(asyncio.BaseTransport):
    def __init__(self, peer: Any) -> None:
        super().__init__({"peername": peer})


@pytest.mark.parametrize(
    ("peer", "address", "name"),
    [
        (("192.0.2.7", 40000), "192.0.2.7", "192.0.2.7:40000"),
        (("2001:db8::7", 40000, 0, 0), "2001:db8::7", "2001:db8::7:40000"),
        ("", "", "unix"),
        (None, "", "unix"),
    ],
)
def test_a_peer_has_an_address_and_a_name_for_the_log(peer: Any, address: str, name: str) -> None:
    assert (peer_address(Peered(peer)), peer_name(Peered(peer))) == (address, name)
