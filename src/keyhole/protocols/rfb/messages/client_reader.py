"""The server's reader, which decodes a viewer's messages (RFC 6143 7.5). For the simulated server."""

from dataclasses import dataclass
from struct import Struct

from keyhole.protocols.machine import Machine, Read, Script
from keyhole.protocols.rfb.constants import ClientMessage, QemuMessage
from keyhole.protocols.rfb.messages.client_layout import layout_of
from keyhole.protocols.rfb.pixel_format import PixelFormat

_UPDATE_REQUEST = Struct("!x?HHHH")
_KEY = Struct("!x?2xI")
_POINTER = Struct("!xBHH")
_QEMU_KEY = Struct("!2xHII")


@dataclass(frozen=True, slots=True)
class SetPixelFormat:
    """7.5.1"""

    pixel_format: PixelFormat


@dataclass(frozen=True, slots=True)
class SetEncodings:
    """7.5.2: encodings in the viewer's order of preference."""

    encodings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """7.5.3: a part of the screen, in pixels; `incremental` requests only changes."""

    incremental: bool
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """7.5.4: an X11 keysym, and the XT keycode if the QEMU extension supplies it."""

    down: bool
    keysym: int
    keycode: int | None = None


@dataclass(frozen=True, slots=True)
class PointerEvent:
    """7.5.5: the pointer's position, in pixels; bit n of `buttons` is button n + 1."""

    buttons: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class CutText:
    """7.5.6: text that the viewer put on its clipboard, Latin-1 on the wire."""

    text: str


@dataclass(frozen=True, slots=True)
class Other:
    """A known message that a plain server ignores."""

    message_type: int


ClientEvent = SetPixelFormat | SetEncodings | UpdateRequest | KeyEvent | PointerEvent | CutText | Other


class ClientMessageReader(Machine[ClientEvent]):
    """Emits one event for each message; never done. Buffers at most one incomplete message (see the layout's limits).

    Raises ProtocolError and TooLarge. The connection may end between two messages.
    """

    __slots__ = ()

    peer = "viewer"

    def script(self) -> Script:
        while True:
            first = yield Read(1, "a message")
            layout = layout_of(first[0])
            header = first + (yield Read(layout.header - 1, "the rest of a message"))
            self.emit(_decode(header + (yield Read(layout.rest(header), "the rest of a message"))))


def _decode(message: bytes) -> ClientEvent:
    """Decodes one complete message whose lengths have been checked."""
    match message[0]:
        case ClientMessage.SET_PIXEL_FORMAT:
            return SetPixelFormat(PixelFormat.decode(message[4:]))
        case ClientMessage.SET_ENCODINGS:
            return SetEncodings(Struct(f"!4x{(len(message) - 4) // 4}i").unpack(message))
        case ClientMessage.FRAMEBUFFER_UPDATE_REQUEST:
            return UpdateRequest(*_UPDATE_REQUEST.unpack(message))
        case ClientMessage.KEY_EVENT:
            return KeyEvent(*_KEY.unpack(message))
        case ClientMessage.POINTER_EVENT:
            return PointerEvent(*_POINTER.unpack(message))
        case ClientMessage.CLIENT_CUT_TEXT if message[4] < 0x80:
            return CutText(message[8:].decode("latin-1"))
        case ClientMessage.QEMU if message[1] == QemuMessage.EXTENDED_KEY_EVENT:
            down, keysym, keycode = _QEMU_KEY.unpack(message)
            return KeyEvent(bool(down), keysym, keycode)
    return Other(message[0])
