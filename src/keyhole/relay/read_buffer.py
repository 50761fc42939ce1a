"""Memory for large reads, so that a flood is neither copied nor allocated."""

from keyhole.protocols.websocket.frames_out import Frames, cut_frames

SIZE_BYTES = 256 * 1024


class ReadBuffer:
    """One buffer for all sessions of an event loop: bytes are consumed before the next read.

    If a writer has to keep the bytes, it takes over the memory, and the next reader gets new memory.
    """

    __slots__ = ("_whole", "memory")

    def __init__(self) -> None:
        self.detach()

    def get_buffer(self, sizehint: int) -> memoryview:
        """All of it (`asyncio.BufferedProtocol`)."""
        return self.memory

    def frames(self, size: int) -> Frames:
        """The first bytes of it in frames to a viewer, not copied."""
        return self._whole if size == SIZE_BYTES else cut_frames(self.memory[:size])

    def detach(self) -> None:
        """The current holder keeps the memory."""
        self.memory = memoryview(bytearray(SIZE_BYTES))
        self._whole = cut_frames(self.memory)
