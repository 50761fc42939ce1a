"""The way from a viewer that may only watch to a serial line, where every byte is somebody's input."""


class InputBlocker:
    """Lets nothing through. `input_count` grows with what was typed all the same: its person is there."""

    __slots__ = ("input_count",)

    def __init__(self) -> None:
        self.input_count = 0

    def feed(self, data: bytes) -> bytes:
        """What to pass on of `data`: nothing."""
        self.input_count += 1
        return b""

    def refill(self) -> None:
        """A second has passed; how much is thrown away needs no bound."""
