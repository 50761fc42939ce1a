"""The filter from a viewer to the server: it finds the bounds of messages and changes none of their bytes.

It is on the path of every keystroke. It buffers at most a part of one header, or one message that presses a key.
"""

from typing import Final

from keyhole.errors import TooLarge
from keyhole.protocols.buckets import UNLIMITED, refilled
from keyhole.protocols.rfb.constants import CUT_TEXT_LIMIT_BYTES, ClientMessage, QemuMessage
from keyhole.protocols.rfb.messages.client_layout import Effect, Layout, layout_of
from keyhole.protocols.rfb.messages.held_input import HeldInput
from keyhole.reasons import Reason

_QEMU: Final = int(ClientMessage.QEMU)
_QEMU_KEY: Final = int(QemuMessage.EXTENDED_KEY_EVENT)
_CUT_TEXT: Final = int(ClientMessage.CLIENT_CUT_TEXT)
_UPDATE_REQUEST: Final = int(ClientMessage.FRAMEBUFFER_UPDATE_REQUEST)
_COMMONEST: Final = {
    int(ClientMessage.KEY_EVENT): 8,
    int(ClientMessage.POINTER_EVENT): 6,
    _QEMU: 12,
    _UPDATE_REQUEST: 10,
}
"""The lengths of the most frequent messages."""


class ClientMessageFilter:
    """Follows a viewer's messages over any split of its bytes.

    `input_count` counts the user's input (keys, pointer, pasted text, power buttons), whether it is passed on or not.
    With `view_only` messages that act on the server are dropped; `set_view_only` changes it at any time. A viewer may
    send `messages_per_second`, and twice as many in a burst; the owner calls `refill` once a second. 0: no limit.
    """

    __slots__ = (
        "_allowance",
        "_cut_text_limit",
        "_drops",
        "_header",
        "_held",
        "_layout",
        "_left",
        "_message",
        "_per_second",
        "_release_due",
        "_view_only",
        "input_count",
    )

    def __init__(
        self,
        *,
        view_only: bool = False,
        cut_text_bytes: int = CUT_TEXT_LIMIT_BYTES,
        messages_per_second: int = 0,
    ) -> None:
        self._view_only = view_only
        self._cut_text_limit = cut_text_bytes
        self._per_second = messages_per_second or UNLIMITED
        self._allowance = 2 * self._per_second
        self.input_count = 0
        self._layout: Layout | None = None  # of the current message
        self._header = b""  # the received part of its header, while that is incomplete
        self._left = 0  # how many of its bytes after the header are missing
        self._drops = False
        self._held: HeldInput | None = None  # created with the first input: most watchers never send any
        self._message = b""  # the received part of a message that may press something
        self._release_due = False

    def feed(self, data: bytes) -> bytes:
        """The part of `data` to pass on; `data` itself if nothing is dropped.

        Raises ProtocolError for an unknown message, TooLarge for a message beyond its limit and for too many messages;
        the stream must not be used afterwards.
        """
        if data and self._layout is None and self._allowance:
            first = data[0]
            if len(data) == _COMMONEST.get(first) and (first != _QEMU or data[1] == _QEMU_KEY):
                # Exactly one of these messages, the usual content of a frame.
                self._allowance -= 1
                if first == _UPDATE_REQUEST:
                    return data
                self.input_count += 1
                if self._view_only:
                    return b""
                held = self._held
                if held is None:
                    held = self._held = HeldInput()
                held.note(data)
                return data
        return self._follow(data)

    def refill(self) -> None:
        """A second has passed."""
        self._allowance = refilled(self._allowance, self._per_second)

    def set_view_only(self, view_only: bool) -> bytes:
        """Changes the viewer's rights from its next message on; returns the messages to send to the server now.

        These release the keys and buttons that the viewer holds down. If a message was only passed on in part, `feed`
        returns them after the end of that message.
        """
        if view_only == self._view_only:
            return b""
        self._view_only = view_only
        self._release_due = view_only and self._layout is not None and not self._drops
        return self._released() if view_only and not self._release_due else b""

    def _follow(self, data: bytes) -> bytes:
        passed: list[bytes] = []
        passed_to = 0  # how far `data` has been added to `passed` or dropped
        at, end = 0, len(data)
        while at < end:
            start = at
            if self._layout is None:
                self._begin_message(data[at])
            layout = self._layout
            assert layout is not None
            if not self._left:
                at = self._read_header(layout, data, at)
            rest = min(self._left, end - at)
            at += rest
            self._left -= rest
            if self._drops:
                passed.append(data[passed_to:start])
                passed_to = at
            elif layout.can_hold:
                self._message += data[start:at]
            if not self._left and not self._header and self._end_message():
                passed += (data[passed_to:at], self._released())
                passed_to = at
        return b"".join((*passed, data[passed_to:])) if passed_to else data

    def _begin_message(self, kind: int) -> None:
        if not self._allowance:
            raise TooLarge(
                f"The viewer sends more than {self._per_second} messages in a second.", Reason.LIMIT_MESSAGES
            )
        self._allowance -= 1
        self._layout = layout_of(kind)
        self._drops = self._view_only and self._layout.effect is Effect.INPUT

    def _end_message(self) -> bool:
        """Returns whether held keys and buttons must be released now."""
        self._layout = None
        if self._message:
            self._held = self._held or HeldInput()
            self._held.note(self._message)
            self._message = b""
        due, self._release_due = self._release_due, False
        return due

    def _released(self) -> bytes:
        return b"" if self._held is None else self._held.release()

    def _read_header(self, layout: Layout, data: bytes, at: int) -> int:
        end = at + layout.header - len(self._header)
        header = self._header + data[at:end]
        if len(header) < layout.header:
            self._header = header
            return len(data)
        self._header = b""
        self._left = layout.rest(header)
        if header[0] == _CUT_TEXT and self._left > self._cut_text_limit:
            raise TooLarge(
                f"The viewer's clipboard is larger than {self._cut_text_limit} bytes.", Reason.LIMIT_CUT_TEXT
            )
        self.input_count += layout.by_person(header)
        return end
