"""A console's bytes as a capture file that Wireshark and tcpdump read (draft-ietf-opsawg-pcap).

The line is shown as one TCP connection between invented addresses: the viewer 192.0.2.1, the server's console 192.0.2.2
(RFC 5737). Missing bytes leave a gap in the sequence numbers, as a lost packet does. TCP checksums are zero, which both
programs accept.
"""

from struct import Struct
from typing import Final

MEDIA_TYPE = "application/vnd.tcpdump.pcap"
VIEWER: Final = (bytes((192, 0, 2, 1)), 49152)
TARGET: Final = (bytes((192, 0, 2, 2)), 5900)

MOST_IN_A_PACKET = 32 * 1024

_FILE_HEADER: Final = Struct("<IHHiIII")
_RECORD: Final = Struct("<IIII")
_IP: Final = Struct("!BBHHHBBH4s4s")
_TCP: Final = Struct("!HHIIBBHHH")
_MAGIC: Final = 0xA1B2C3D4
_RAW_IPV4: Final = 228
_SNAP_BYTES: Final = 65535
_SYN, _ACK, _PUSH = 0x02, 0x10, 0x08
_HEADER_BYTES: Final = _IP.size + _TCP.size


class PcapWriter:
    """Returns a file's bytes piece by piece, starting with those of `begin`. Times are seconds since the epoch."""

    def __init__(self) -> None:
        self._next = {VIEWER: 0, TARGET: 0}

    def begin(self, at: float) -> bytes:
        """The file's header, and the connection's opening."""
        header = _FILE_HEADER.pack(_MAGIC, 2, 4, 0, 0, _SNAP_BYTES, _RAW_IPV4)
        opening = self._packet(VIEWER, b"", at, _SYN)
        self._next[VIEWER] += 1
        opening += self._packet(TARGET, b"", at, _SYN | _ACK)
        self._next[TARGET] += 1
        return header + opening + self._packet(VIEWER, b"", at, _ACK)

    def packets(self, sender: tuple[bytes, int], data: bytes, at: float) -> bytes:
        """Bytes that one side sent."""
        pieces = []
        for start in range(0, len(data), MOST_IN_A_PACKET):
            piece = data[start : start + MOST_IN_A_PACKET]
            pieces.append(self._packet(sender, piece, at, _PUSH | _ACK))
            self.skip(sender, len(piece))
        return b"".join(pieces)

    def skip(self, sender: tuple[bytes, int], byte_count: int) -> None:
        """Records that this many bytes from one side are missing."""
        self._next[sender] = (self._next[sender] + byte_count) & 0xFFFFFFFF

    def _packet(self, sender: tuple[bytes, int], data: bytes, at: float, flags: int) -> bytes:
        receiver = TARGET if sender is VIEWER else VIEWER
        acknowledged = self._next[receiver] if flags & _ACK else 0
        length = _HEADER_BYTES + len(data)
        ip = _IP.pack(0x45, 0, length, 0, 0, 64, 6, 0, sender[0], receiver[0])
        ip = ip[:10] + _checksum(ip).to_bytes(2, "big") + ip[12:]
        tcp = _TCP.pack(
            sender[1], receiver[1], self._next[sender], acknowledged, _TCP.size // 4 << 4, flags, 65535, 0, 0
        )
        seconds, rest = divmod(at, 1)
        record = _RECORD.pack(int(seconds) & 0xFFFFFFFF, int(rest * 1_000_000), length, length)
        return b"".join((record, ip, tcp, data))


def _checksum(header: bytes) -> int:
    """RFC 791 3.1: the complement of the sum, in ones' complement, of 16-bit words."""
    total = sum(int.from_bytes(header[at : at + 2], "big") for at in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
