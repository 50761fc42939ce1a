"""Converts what a terminal sends into the characters that the shell reads."""

from collections.abc import Iterator
from enum import Enum


class _State(Enum):
    TEXT = "text"
    AFTER_RETURN = "after_return"  # the new line of a pair is left out
    AFTER_ESCAPE = "after_escape"
    IN_SEQUENCE = "in_sequence"  # until its last byte (ECMA-48, 5.4)


class TerminalKeys:
    """Reads one terminal's bytes, however they are split. Arrow keys and other escape sequences are ignored."""

    def __init__(self) -> None:
        self._state = _State.TEXT

    def read(self, data: bytes) -> Iterator[str]:
        """The characters, `\\n` for Enter and `\\b` for either Backspace."""
        for character in data.decode("latin-1"):
            before, self._state = self._state, self._next(character)
            if before in (_State.TEXT, _State.AFTER_RETURN) and self._state is not _State.AFTER_ESCAPE:
                match character:
                    case "\r":
                        yield "\n"
                    case "\n" if before is _State.AFTER_RETURN:
                        pass
                    case "\x7f":
                        yield "\b"
                    case _:
                        yield character

    def _next(self, character: str) -> _State:
        match self._state:
            case _State.AFTER_ESCAPE if character in "[O":
                return _State.IN_SEQUENCE
            case _State.IN_SEQUENCE if not "@" <= character <= "~":
                return _State.IN_SEQUENCE
            case _State.TEXT | _State.AFTER_RETURN if character == "\x1b":
                return _State.AFTER_ESCAPE
            case _State.TEXT | _State.AFTER_RETURN if character == "\r":
                return _State.AFTER_RETURN
            case _:
                return _State.TEXT
