"""The filter for a viewer's bytes to a serial line, where every byte is input."""


class SerialInput:
    """Passes everything, or nothing with `view_only`. `input_count` counts the input either way."""

    __slots__ = ("_view_only", "input_count")

    def __init__(self, *, view_only: bool = False) -> None:
        self._view_only = view_only
        self.input_count = 0

    def feed(self, data: bytes) -> bytes:
        """The part of `data` to pass on."""
        self.input_count += 1
        return b"" if self._view_only else data

    def refill(self) -> None:
        """A second has passed; serial input has no rate limit."""

    def set_view_only(self, view_only: bool) -> bytes:
        """Changes the viewer's rights. A serial line has no held keys, so nothing must be sent."""
        self._view_only = view_only
        return b""
