"""Addresses from settings and untrusted headers: valid ones can be written back, all others are a ValueError."""

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from keyhole.net.addresses import network_of, origin_of, parse_listen, parse_target_url
from keyhole.net.proxies import parse_proxies

ADDRESSES = st.ip_addresses().map(str)
HOPS = st.one_of(ADDRESSES, st.text(max_size=20), st.just("10.0.0.1"))
PROXIES = parse_proxies(["10.0.0.0/8", "2001:db8::/32"])


@given(st.one_of(ADDRESSES, st.just("console.example.com")), st.integers(1, 65535))
def test_a_targets_address_is_read_back_as_it_was_written(host: str, port: int) -> None:
    written = f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"
    assert str(parse_target_url(written)) == written


@given(st.text(max_size=60))
def test_anything_else_is_a_value_error(text: str) -> None:
    for parse in (parse_listen, parse_target_url, origin_of, lambda one: parse_proxies([one])):
        with suppress(ValueError):
            parse(text)


@given(st.sampled_from(["http", "https"]), st.from_regex(r"[a-z]{1,10}(\.[a-z]{1,5})?", fullmatch=True))
def test_an_origin_is_its_own_origin(scheme: str, host: str) -> None:
    origin = origin_of(f"{scheme}://{host}/a?b#c")
    assert origin == f"{scheme}://{host}" == origin_of(origin)


@given(ADDRESSES, st.lists(HOPS, max_size=6))
def test_a_stranger_is_never_believed_about_who_it_is(peer: str, hops: list[str]) -> None:
    if peer not in PROXIES:
        assert PROXIES.client_of(peer, [", ".join(hops)]) == peer


@given(st.lists(HOPS, max_size=6))
def test_behind_a_proxy_the_client_is_the_peer_or_an_address_from_the_list(hops: list[str]) -> None:
    client = PROXIES.client_of("10.0.0.1", [", ".join(hops)])
    assert client == "10.0.0.1" or client in {hop.strip() for text in hops for hop in text.split(",")}
    ip_address(client)


@given(ADDRESSES)
def test_one_network_is_one_key_and_holds_the_address(text: str) -> None:
    address, network = ip_address(text), network_of(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        assert address in ip_network(network)
        assert network_of(str(ip_network(network)[1])) == network
    else:
        assert isinstance(ip_address(network), IPv4Address)


@given(st.text(max_size=40))
def test_any_text_has_a_key(text: str) -> None:
    assert isinstance(network_of(text), str)
