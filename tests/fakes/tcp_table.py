"""Lines of /proc/net/tcp and tcp6 as the kernel writes them."""

import sys
from ipaddress import IPv4Address, IPv6Address, ip_address

LISTENING = "0A"
ESTABLISHED = "01"
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def table_line(address: IPv4Address | IPv6Address | str, port: int, user_id: int, state: str = LISTENING) -> str:
    """A socket's line; IPv4 in tcp, IPv6 in tcp6."""
    packed = ip_address(address).packed
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    digits = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
    peer = "0" * len(digits)
    counts = "00000000:00000000 00:00000000 00000000"
    return (
        f"   0: {digits}:{port:04X} {peer}:0000 {state} {counts} {user_id:5d}        0 408338 1 0000000000000000 100\n"
    )
