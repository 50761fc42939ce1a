"""The version exchange (RFC 6143 7.1.1): the meaning of a greeting, on both sides.

Three handshakes exist: 3.3, 3.7 and 3.8. Other numbers below 3.7 have the handshake of 3.3; servers that announce
higher versions (3.889 of macOS, 4.x and 5.x of RealVNC) accept 3.8 as the answer.
"""

import re
from enum import Enum

from keyhole.errors import ProtocolError

_GREETING = re.compile(rb"RFB ([0-9]{3})\.([0-9]{3})\n")


class Version(Enum):
    """A supported handshake; the value is its greeting on the wire."""

    V3_3 = b"RFB 003.003\n"
    V3_7 = b"RFB 003.007\n"
    V3_8 = b"RFB 003.008\n"


def server_version(greeting: bytes) -> Version:
    """The version to answer to a server's 12 bytes. Raises ProtocolError for anything but RFB 3.x to 5.x."""
    major, minor = _numbers(greeting, "server")
    if not 3 <= major <= 5:
        raise ProtocolError("The server's version is not RFB 3.3 to 3.8.")
    return Version.V3_8 if major > 3 else _nearest(minor)


def viewer_version(greeting: bytes) -> Version:
    """The version that a viewer chose when offered 3.8. Raises ProtocolError for a higher one other than 3.889."""
    major, minor = _numbers(greeting, "viewer")
    if major != 3 or (minor > 8 and minor != 889):
        raise ProtocolError("The viewer's version is not RFB 3.3, 3.7 or 3.8.")
    return _nearest(minor)


def _numbers(greeting: bytes, peer: str) -> tuple[int, int]:
    if not (match := _GREETING.fullmatch(greeting)):
        raise ProtocolError(f"The {peer} does not greet with an RFB version.")
    return int(match[1]), int(match[2])


def _nearest(minor: int) -> Version:
    return Version.V3_8 if minor >= 8 else Version.V3_7 if minor == 7 else Version.V3_3
