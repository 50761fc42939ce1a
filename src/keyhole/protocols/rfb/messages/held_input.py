"""The keys and buttons that a viewer holds down, from the server's point of view (RFC 6143 7.5.4, 7.5.5)."""

from typing import Final

from keyhole.protocols.rfb.constants import ClientMessage, QemuMessage

MAX_HELD_KEYS = 256
"""More than any keyboard has. If a viewer holds down more, the oldest are dropped."""

MOST_MESSAGES = 32
"""How many different key messages are kept before those of released keys are dropped."""

_KEY: Final = int(ClientMessage.KEY_EVENT)
_POINTER: Final = int(ClientMessage.POINTER_EVENT)
_QEMU_KEY: Final = int(QemuMessage.EXTENDED_KEY_EVENT)
_KEY_UP: Final = bytes((_KEY, 0, 0, 0))
_QEMU_KEY_UP: Final = bytes((int(ClientMessage.QEMU), _QEMU_KEY, 0, 0))


class HeldInput:
    """Records the complete messages that reach the server.

    It is on the path of every keystroke, so it only records which message came last, and decodes messages when needed.
    """

    __slots__ = ("_count", "_last", "_most", "_pointer")

    def __init__(self) -> None:
        self._last: dict[bytes, int] = {}  # key messages, and when each came last
        self._count = 0
        self._most = MOST_MESSAGES
        self._pointer = b""

    def note(self, message: bytes) -> None:
        """Records a KeyEvent, PointerEvent or QEMU message that the server receives."""
        if message[0] == _POINTER:
            self._pointer = message
            return
        self._count = self._last[message] = self._count + 1
        if len(self._last) > self._most:
            held = self._held()
            self._last = {pressing: self._last[pressing] for pressing in held.values()}
            self._most = len(held) + MOST_MESSAGES

    def release(self) -> bytes:
        """The messages that release everything; afterwards nothing is held."""
        released = b"".join(self._held())
        self._last.clear()
        if self._pointer and self._pointer[1]:
            self._pointer = self._pointer[:1] + b"\0" + self._pointer[2:]
            released += self._pointer
        return released

    def _held(self) -> dict[bytes, bytes]:
        """For each key that is down, the message that releases it and the latest that pressed it, in order."""
        held: dict[bytes, bytes] = {}
        for message in sorted(self._last, key=self._last.__getitem__):
            release, is_down = _key_of(message)
            held.pop(release, None)
            if is_down:
                held[release] = message
        for release in tuple(held)[:-MAX_HELD_KEYS]:
            del held[release]
        return held


def _key_of(message: bytes) -> tuple[bytes, bool]:
    """The message that releases this message's key, and whether this message presses it; False for other messages."""
    if message[0] == _KEY:
        return _KEY_UP + message[4:], bool(message[1])
    return _QEMU_KEY_UP + message[4:], message[1] == _QEMU_KEY and any(message[2:4])
