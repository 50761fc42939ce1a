"""Memory to read large amounts into, so that a flood is neither copied nor allocated on its way."""

SIZE_BYTES = 256 * 1024


class ReadBuffer:
    """One for all sessions of an event loop: what is read into it is used up before anybody else reads.

    Unless a writer had to keep it: then it is given away, and the next reader gets new memory.
    """

    __slots__ = ("_memory",)

    def __init__(self) -> None:
        self._memory: memoryview | None = None

    @property
    def memory(self) -> memoryview:
        """All of it."""
        if self._memory is None:
            self._memory = memoryview(bytearray(SIZE_BYTES))
        return self._memory

    def give_away(self) -> None:
        """It belongs to whoever has it."""
        self._memory = None
