"""The kernel's table of TCP sockets: all listeners are read, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.tcp_table import ESTABLISHED, HEADER, table_line

from keyhole.drivers.qemu.tcp_listeners import Listener, parse_listeners

LISTENERS = st.builds(
    Listener,
    st.ip_addresses().filter(lambda address: address.version == 4 or address.ipv4_mapped is None),
    st.integers(0, 65535),
    st.integers(0, 2**32 - 1),
)


@given(st.lists(LISTENERS, max_size=5), st.lists(LISTENERS, max_size=3))
def test_listeners_are_read_up_to_the_first_other_socket(listeners: list[Listener], behind: list[Listener]) -> None:
    lines = [HEADER]
    lines += [table_line(each.address, each.port, each.user_id) for each in listeners]
    lines.append(table_line("127.0.0.1", 80, 0, ESTABLISHED))
    lines += [table_line(each.address, each.port, each.user_id) for each in behind]
    assert list(parse_listeners(lines)) == listeners


@given(st.ip_addresses(v=4), st.integers(0, 65535), st.integers(0, 2**32 - 1))
def test_an_ipv4_address_that_ipv6_wraps_is_itself(address: object, port: int, user_id: int) -> None:
    assert list(parse_listeners([table_line(f"::ffff:{address}", port, user_id)])) == list(
        parse_listeners([table_line(str(address), port, user_id)])
    )


@given(st.lists(st.text(max_size=200)), st.data())
def test_any_text_gives_listeners_or_nothing(lines: list[str], data: st.DataObject) -> None:
    line = table_line("127.0.0.1", 5900, 1000)
    at = data.draw(st.integers(0, len(line) - 1))
    odd = line[:at] + data.draw(st.characters()) + line[at + 1 :]
    for found in parse_listeners([*lines, odd]):
        assert 0 <= found.port <= 65535
        assert 0 <= found.user_id <= 9_999_999_999
