"""What a viewer's bytes pass before they reach a serial line, where every byte is input."""


class SerialInput:
    """Passes everything, or nothing with `view_only`. `input_count` grows with what was typed either way."""

    __slots__ = ("_view_only", "input_count")

    def __init__(self, *, view_only: bool = False) -> None:
        self._view_only = view_only
        self.input_count = 0

    def feed(self, data: bytes) -> bytes:
        """What to pass on of `data`."""
        self.input_count += 1
        return b"" if self._view_only else data

    def refill(self) -> None:
        """A second has passed; how much is typed needs no bound."""

    def set_view_only(self, view_only: bool) -> bytes:
        """Changes what the viewer may do. A serial line knows no keys that are held, so nothing is to be sent."""
        self._view_only = view_only
        return b""
