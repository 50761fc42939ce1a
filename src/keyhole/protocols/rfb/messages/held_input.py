"""The keys and buttons that a viewer holds down, as far as the server knows (RFC 6143 7.5.4, 7.5.5)."""

from typing import Final

from keyhole.protocols.rfb.constants import ClientMessage, QemuMessage

MAX_HELD_KEYS = 256
"""More than any keyboard has. Of a viewer that holds more the oldest are forgotten."""

_KEY: Final = int(ClientMessage.KEY_EVENT)
_POINTER: Final = int(ClientMessage.POINTER_EVENT)
_QEMU: Final = int(ClientMessage.QEMU)
_QEMU_KEY: Final = int(QemuMessage.EXTENDED_KEY_EVENT)
_KEY_UP: Final = bytes((_KEY, 0, 0, 0))
_QEMU_KEY_UP: Final = bytes((_QEMU, _QEMU_KEY, 0, 0))


class HeldInput:
    """Follows the messages that reach the server. Each is given whole."""

    __slots__ = ("_keys", "_pointer")

    def __init__(self) -> None:
        self._keys: dict[bytes, None] = {}  # by the message that releases each, in the order that they went down
        self._pointer = b""

    def note(self, message: bytes) -> None:
        """A KeyEvent, PointerEvent or extended KeyEvent that the server gets; anything else is ignored."""
        kind = message[0]
        if kind == _POINTER:
            self._pointer = message
        elif kind == _KEY:
            self._note_key(_KEY_UP + message[4:], down=message[1])
        elif kind == _QEMU and message[1] == _QEMU_KEY:
            self._note_key(_QEMU_KEY_UP + message[4:], down=message[2] or message[3])

    def release(self) -> bytes:
        """The messages that release all of it, which then is held no more."""
        released = b"".join(self._keys)
        self._keys.clear()
        if self._pointer and self._pointer[1]:
            self._pointer = self._pointer[:1] + b"\0" + self._pointer[2:]
            released += self._pointer
        return released

    def _note_key(self, release: bytes, *, down: int) -> None:
        if not down:
            self._keys.pop(release, None)
            return
        self._keys[release] = None
        if len(self._keys) > MAX_HELD_KEYS:
            del self._keys[next(iter(self._keys))]
