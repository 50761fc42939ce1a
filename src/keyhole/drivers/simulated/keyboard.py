"""From a viewer's key events (RFC 6143 7.5.4) to the characters that the shell reads."""

from collections.abc import Mapping
from types import MappingProxyType

_CONTROL_KEYS = frozenset({0xFFE3, 0xFFE4})
_CONTROL_CHARACTERS: Mapping[int, str] = MappingProxyType({ord("c"): "\x03", ord("l"): "\f", ord("u"): "\x15"})

_KEYPAD = {0xFFB0 + digit: str(digit) for digit in range(10)}
_OPERATORS = {0xFF80: " ", 0xFFAA: "*", 0xFFAB: "+", 0xFFAC: ",", 0xFFAD: "-", 0xFFAE: ".", 0xFFAF: "/", 0xFFBD: "="}
_EDITING = {0xFF0D: "\n", 0xFF8D: "\n", 0xFF08: "\b"}
_CHARACTERS: Mapping[int, str] = MappingProxyType(
    {**{code: chr(code) for code in range(0x20, 0x7F)}, **_KEYPAD, **_OPERATORS, **_EDITING}
)


class Keyboard:
    """One viewer's keys. Keysyms come with Shift already applied; only Ctrl has to be remembered."""

    def __init__(self) -> None:
        self._controls_down: set[int] = set()

    def press(self, keysym: int, *, down: bool) -> str | None:
        """The character that a key event means, if any."""
        if keysym in _CONTROL_KEYS:
            (self._controls_down.add if down else self._controls_down.discard)(keysym)
            return None
        if not down:
            return None
        if self._controls_down:
            return _CONTROL_CHARACTERS.get(keysym | 0x20)
        return _CHARACTERS.get(keysym)
