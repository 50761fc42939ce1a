"""Messages from server to viewer (RFC 6143 7.3.2, 7.6), as the simulated server sends them. Sizes are in pixels."""

from collections.abc import Sequence
from struct import Struct

from keyhole.protocols.rfb.constants import Encoding, ServerMessage
from keyhole.protocols.rfb.pixel_format import PixelFormat

_SERVER_INIT = Struct("!HH16sI")
_UPDATE = Struct("!BxH")
_RECTANGLE = Struct("!HHHHi")
_CUT_TEXT = Struct("!B3xI")


def server_init(width: int, height: int, pixel_format: bytes | None = None, name: str = "") -> bytes:
    """7.3.2. `pixel_format` is 16 bytes; without it, 32 bits per pixel with blue first."""
    label = name.encode()
    return _SERVER_INIT.pack(width, height, pixel_format or PixelFormat().encode(), len(label)) + label


def framebuffer_update(rectangles: Sequence[bytes]) -> bytes:
    """7.6.1, of up to 65535 encoded rectangles."""
    return b"".join((_UPDATE.pack(ServerMessage.FRAMEBUFFER_UPDATE, len(rectangles)), *rectangles))


def raw_rectangle(x: int, y: int, width: int, height: int, pixels: bytes) -> bytes:
    """7.7.1: `pixels` row by row, in the viewer's pixel format."""
    return _RECTANGLE.pack(x, y, width, height, Encoding.RAW) + pixels


def desktop_size_rectangle(width: int, height: int) -> bytes:
    """7.8.2: the screen has a new size. For viewers that support it, as the last rectangle of an update."""
    return _RECTANGLE.pack(0, 0, width, height, Encoding.DESKTOP_SIZE)


def bell() -> bytes:
    """7.6.3"""
    return bytes((ServerMessage.BELL,))


def server_cut_text(text: str) -> bytes:
    """7.6.4; characters outside Latin-1 become `?`."""
    content = text.encode("latin-1", "replace")
    return _CUT_TEXT.pack(ServerMessage.SERVER_CUT_TEXT, len(content)) + content
