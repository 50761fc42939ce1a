"""Addresses as people write them."""

import pytest

from keyhole.model import Address, Dialled, HttpConnect, TcpAddress, UnixAddress
from keyhole.net.addresses import network_of, origin_of, parse_endpoint, parse_listen, parse_target_url
from keyhole.net.proxies import parse_proxies


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:6080", TcpAddress("127.0.0.1", 6080)),
        ("[::1]:80", TcpAddress("::1", 80)),
        (":6080", TcpAddress("", 6080)),
        ("unix:/run/keyhole.sock", UnixAddress("/run/keyhole.sock")),
    ],
)
def test_listen(text: str, address: object) -> None:
    assert parse_listen(text) == address


@pytest.mark.parametrize("text", ["", "host", "host:", "host:x", "host:65536", "host:-1", "host:٣", "unix:", "unix:x"])
def test_what_cannot_be_listened_on(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        parse_listen(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("tcp://h:1", TcpAddress("h", 1)),
        ("tcp://[::1]:5901", TcpAddress("::1", 5901)),
        ("unix:/a b", UnixAddress("/a b")),
    ],
)
def test_targets(text: str, address: object) -> None:
    assert parse_target_url(text) == address
    assert parse_target_url(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "h:1",
        "http://h:1",
        "tcp://h",
        "tcp://h:0",
        "tcp://h:99999",
        "tcp://u@h:1",
        "tcp://h:1/x",
        "unix:x",
        "unix:/a\0b",
    ],
)
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        parse_target_url(text)


def test_a_unix_path_that_no_socket_can_have_is_refused() -> None:
    parse_target_url("unix:/" + "x" * 106)
    with pytest.raises(ValueError, match="107 bytes"):
        parse_target_url("unix:/" + "x" * 107)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://C.example", "https://c.example"),
        ("https://c.example:443/", "https://c.example"),
        ("http://c.example:443", "http://c.example:443"),
        ("http://[::1]:6080", "http://[::1]:6080"),
    ],
)
def test_origins_are_written_as_browsers_do(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize("url", ["", "c.example", "ws://c", "https://", "https://u@c", "https://c:x"])
def test_what_has_no_origin(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        origin_of(url)


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("192.0.2.1", True),
        ("192.0.2.2", False),
        ("10.255.0.1", True),
        ("2001:db8::7", True),
        ("2001:db9::7", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_which_proxies_are_trusted(peer: str, trusted: bool) -> None:
    assert (peer in parse_proxies(["192.0.2.1", "10.0.0.0/8", "2001:db8::/32"])) is trusted


def test_a_proxy_on_a_unix_socket_is_trusted_by_that_word() -> None:
    assert "" in parse_proxies(["unix"])


@pytest.mark.parametrize("text", ["", "host", "10.0.0.1/8", "10.0.0.0/33", "*"])
def test_what_is_no_proxy(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        parse_proxies([text])


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", [" 198.51.100.7 ,10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7, unknown, 10.0.0.2"], "10.0.0.2"),
        ("198.51.100.7", ["203.0.113.9"], "198.51.100.7"),
        ("", ["203.0.113.9"], "203.0.113.9"),
    ],
)
def test_the_client_behind_proxies(peer: str, forwarded_for: list[str], client: str) -> None:
    assert parse_proxies(["10.0.0.0/8", "unix"]).client_of(peer, forwarded_for) == client


def test_an_untrusted_unix_socket_has_no_client() -> None:
    assert parse_proxies(["10.0.0.0/8"]).client_of("", ["203.0.113.9"]) == ""


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (TcpAddress("h", 1), ""),
        (TcpAddress("h", 80), "/"),
        (TcpAddress("::1", 80), "/console?ref=OpaqueRef:1/2#3"),
        (UnixAddress("/run/vm1/vnc"), ""),
    ],
)
def test_a_targets_place_is_read_back_as_it_was(address: Address, path: str) -> None:
    assert parse_endpoint(Dialled(address, HttpConnect(path) if path else None).endpoint) == (address, path)


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("nonsense", "nonsense"),
    ],
)
def test_what_counts_as_one_address(client: str, network: str) -> None:
    assert network_of(client) == network
