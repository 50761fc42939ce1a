"""A capture file follows its format for any traffic."""

from struct import unpack, unpack_from

from hypothesis import given
from hypothesis import strategies as st

from keyhole.protocols.pcap import MOST_IN_A_PACKET, TARGET, VIEWER, PcapWriter

SIDES = st.sampled_from([VIEWER, TARGET])


def streams_of(capture: bytes) -> dict[bytes, dict[int, bytes]]:
    """Each address's bytes, by sequence number; checks every header."""
    magic, major, minor, _, _, _, link = unpack_from("<IHHiIII", capture)
    assert (magic, major, minor, link) == (0xA1B2C3D4, 2, 4, 228)
    sent: dict[bytes, dict[int, bytes]] = {VIEWER[0]: {}, TARGET[0]: {}}
    at = 24
    while at < len(capture):
        _, micros, kept, length = unpack_from("<IIII", capture, at)
        assert kept == length <= 65535
        assert micros < 1_000_000
        packet = capture[at + 16 : at + 16 + kept]
        at += 16 + kept
        assert unpack_from("!H", packet, 2) == (length,)
        assert sum(unpack("!10H", packet[:20])) % 0xFFFF == 0  # the checksum makes it so
        source, sequence = packet[12:16], unpack_from("!I", packet, 24)[0]
        if packet[40:]:
            sent[source][sequence] = packet[40:]
    return sent


def test_the_connection_is_opened_first() -> None:
    capture = PcapWriter().begin(1_700_000_000.25)
    flags = [capture[24 + 56 * packet + 16 + 33] for packet in range(3)]
    assert flags == [0x02, 0x12, 0x10]
    assert unpack_from("<II", capture, 24) == (1_700_000_000, 250_000)


@given(st.lists(st.tuples(SIDES, st.binary(min_size=1, max_size=100)), max_size=20))
def test_every_byte_is_there_in_order(chunks: list[tuple[tuple[bytes, int], bytes]]) -> None:
    writer = PcapWriter()
    capture = writer.begin(0.0) + b"".join(writer.packets(side, data, 1.0) for side, data in chunks)
    sent = streams_of(capture)
    for side in (VIEWER, TARGET):
        pieces = sent[side[0]]
        assert b"".join(pieces[key] for key in sorted(pieces)) == b"".join(data for who, data in chunks if who == side)


def test_large_amounts_are_cut_into_packets() -> None:
    writer = PcapWriter()
    pieces = streams_of(writer.begin(0.0) + writer.packets(TARGET, bytes(MOST_IN_A_PACKET + 5), 0.0))[TARGET[0]]
    assert [len(data) for data in pieces.values()] == [MOST_IN_A_PACKET, 5]


def test_what_is_missing_leaves_a_gap_also_where_the_numbers_begin_again() -> None:
    writer = PcapWriter()
    capture = writer.begin(0.0) + writer.packets(TARGET, b"ab", 0.0)
    writer.skip(TARGET, 2**32 - 10)
    capture += writer.packets(TARGET, b"c", 0.0)
    writer.skip(TARGET, 99)
    capture += writer.packets(TARGET, b"d", 0.0)
    assert streams_of(capture)[TARGET[0]] == {1: b"ab", 2**32 - 7: b"c", 93: b"d"}
