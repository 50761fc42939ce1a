"""How long each message from a viewer is: the one table behind the scanner and the reader (RFC 6143 7.5, rfbproto).

A message is known by its first byte. Its first `header` bytes tell how many more belong to it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from keyhole.errors import ProtocolError, TooLarge
from keyhole.protocols.rfb.constants import (
    CUT_TEXT_LIMIT_BYTES,
    ENCODINGS_LIMIT,
    FENCE_LIMIT_BYTES,
    GII_LIMIT_BYTES,
    ClientMessage,
    QemuMessage,
)
from keyhole.reasons import Reason


class Effect(Enum):
    """What a message does to the server behind the console."""

    READ = "read"  # asks for the screen and how to send it; a viewer without rights may
    INPUT = "input"  # types, moves, pastes, resizes, switches off


@dataclass(frozen=True, slots=True)
class Layout:
    """One type of message. `rest` takes the header and gives the number of bytes after it, or raises ProtocolError.

    `by_person` takes the header and tells whether a person did this just now, for the idle clock. `can_hold` says that
    it may press something that stays down: a key or a button.
    """

    header: int
    rest: Callable[[bytes], int]
    effect: Effect = Effect.READ
    by_person: Callable[[bytes], bool] = lambda header: False
    can_hold: bool = False


def _fixed(length: int, effect: Effect = Effect.READ, *, by_person: bool = False, can_hold: bool = False) -> Layout:
    return Layout(1, lambda header: length - 1, effect, lambda header: by_person, can_hold)


def _encodings(header: bytes) -> int:
    count = int.from_bytes(header[2:4], "big")
    if count > ENCODINGS_LIMIT:
        raise TooLarge(f"The viewer's SetEncodings has more than {ENCODINGS_LIMIT} encodings.")
    return 4 * count


def _cut_text(header: bytes) -> int:
    # Extended Clipboard marks itself by a negative length.
    length = abs(int.from_bytes(header[4:8], "big", signed=True))
    if length > CUT_TEXT_LIMIT_BYTES:
        raise TooLarge(f"The viewer's clipboard is larger than {CUT_TEXT_LIMIT_BYTES} bytes.", Reason.LIMIT_CUT_TEXT)
    return length


def _is_plain_cut_text(header: bytes) -> bool:
    # Viewers answer the extended kind among themselves, whenever the guest's clipboard changes.
    return header[4] < 0x80


def _fence(header: bytes) -> int:
    if header[8] > FENCE_LIMIT_BYTES:
        raise TooLarge(f"The viewer's fence carries more than {FENCE_LIMIT_BYTES} bytes.")
    return header[8]


def _gii(header: bytes) -> int:
    # The sub-type's first bit says how the numbers after it lie.
    length = int.from_bytes(header[2:4], "big" if header[1] & 0x80 else "little")
    if length > GII_LIMIT_BYTES:
        raise TooLarge(f"The viewer's gii message is larger than {GII_LIMIT_BYTES} bytes.")
    return length


def _qemu(header: bytes) -> int:
    operation = int.from_bytes(header[2:4], "big")
    if header[1] == QemuMessage.EXTENDED_KEY_EVENT:
        return 8
    if header[1] == QemuMessage.AUDIO and operation <= 2:
        return 6 if operation == 2 else 0  # 2 sets the sample format
    raise ProtocolError("The viewer sends an unknown QEMU message.")


def _is_qemu_key(header: bytes) -> bool:
    return header[1] == QemuMessage.EXTENDED_KEY_EVENT


LAYOUTS: Mapping[int, Layout] = MappingProxyType(
    {
        ClientMessage.SET_PIXEL_FORMAT: _fixed(20),
        ClientMessage.SET_ENCODINGS: Layout(4, _encodings),
        ClientMessage.FRAMEBUFFER_UPDATE_REQUEST: _fixed(10),
        ClientMessage.KEY_EVENT: _fixed(8, Effect.INPUT, by_person=True, can_hold=True),
        ClientMessage.POINTER_EVENT: _fixed(6, Effect.INPUT, by_person=True, can_hold=True),
        ClientMessage.CLIENT_CUT_TEXT: Layout(8, _cut_text, Effect.INPUT, _is_plain_cut_text),
        ClientMessage.ENABLE_CONTINUOUS_UPDATES: _fixed(10),
        ClientMessage.CLIENT_FENCE: Layout(9, _fence),
        ClientMessage.XVP: _fixed(4, Effect.INPUT, by_person=True),
        ClientMessage.SET_DESKTOP_SIZE: Layout(8, lambda header: 16 * header[6], Effect.INPUT),
        ClientMessage.GII: Layout(4, _gii, Effect.INPUT),
        ClientMessage.QEMU: Layout(4, _qemu, Effect.INPUT, _is_qemu_key, can_hold=True),
    }
)


def layout_of(message_type: int) -> Layout:
    """The layout of a type of message. Raises ProtocolError for one that is not known."""
    layout = LAYOUTS.get(message_type)
    if layout is None:
        raise ProtocolError(f"The viewer sends a message of the unknown type {message_type}.")
    return layout
