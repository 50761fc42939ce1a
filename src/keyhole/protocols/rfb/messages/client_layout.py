"""The length of each message from a viewer: one table for the filter and the reader (RFC 6143 7.5, rfbproto).

A message's first byte identifies its type. Its first `header` bytes determine how many more belong to it.
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

    READ = "read"  # requests the screen and its encodings; also allowed for a view-only viewer
    INPUT = "input"  # types, moves, pastes, resizes, switches off


@dataclass(frozen=True, slots=True)
class Layout:
    """One type of message. `rest` takes the header and returns the number of bytes after it, or raises ProtocolError.

    `by_person` takes the header and returns whether the message is a person's input, for the idle limit. `can_hold`
    says that the message may press a key or button, which is then held down.
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
    # A negative length marks Extended Clipboard.
    length = abs(int.from_bytes(header[4:8], "big", signed=True))
    if length > CUT_TEXT_LIMIT_BYTES:
        raise TooLarge(f"The viewer's clipboard is larger than {CUT_TEXT_LIMIT_BYTES} bytes.", Reason.LIMIT_CUT_TEXT)
    return length


def _is_plain_cut_text(header: bytes) -> bool:
    # Viewers send the extended kind automatically, whenever the guest's clipboard changes.
    return header[4] < 0x80


def _fence(header: bytes) -> int:
    if header[8] > FENCE_LIMIT_BYTES:
        raise TooLarge(f"The viewer's fence carries more than {FENCE_LIMIT_BYTES} bytes.")
    return header[8]


def _gii(header: bytes) -> int:
    # The subtype's first bit is the byte order of the numbers that follow.
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
    """The layout of a type of message. Raises ProtocolError for an unknown type."""
    layout = LAYOUTS.get(message_type)
    if layout is None:
        raise ProtocolError(f"The viewer sends a message of the unknown type {message_type}.")
    return layout
