"""The bytes that the target and the viewers exchange: the RFB 3.8 handshake and real messages (RFC 6143 7.1 to 7.6)."""

import os
import struct

VERSION = b"RFB 003.008\n"
SECURITY_TYPES = b"\x01\x01"
"""One type: None."""
SECURITY_NONE = b"\x01"
SECURITY_OK = b"\x00\x00\x00\x00"
SHARED = b"\x01"

_PIXEL_FORMAT = struct.pack("!BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
_NAME = b"bench"
SERVER_INIT_HEADER_BYTES = 24
SERVER_INIT = struct.pack("!HH16sI", 640, 480, _PIXEL_FORMAT, len(_NAME)) + _NAME

UPDATE_REQUEST = struct.pack("!BBHHHH", 3, 0, 0, 0, 640, 480)
"""FramebufferUpdateRequest: the target is silent until its viewer's first one."""
KEY_EVENT = struct.pack("!BBHI", 4, 1, 0, 0x61)
"""KeyEvent: the viewer's acknowledgement of a message, 8 bytes."""


def update(width: int, height: int) -> bytes:
    """A FramebufferUpdate with one raw rectangle of random pixels: 16 bytes and 4 for each pixel."""
    header = struct.pack("!BxH", 0, 1) + struct.pack("!HHHHi", 0, 0, width, height, 0)
    return header + os.urandom(4 * width * height)
