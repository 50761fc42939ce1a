"""A transport without a socket, for tests of code between transports."""

import asyncio
import math
from collections.abc import Iterable


class FakeTransport(asyncio.Transport):
    """Records the writes. `facts` are the results of `get_extra_info`. Written bytes count as sent at once, unless the
    peer does not read (`stuck`); `waiting_bytes` have been queued from the start. With `pause_seconds`, each write
    pauses the protocol for this long, or forever (`math.inf`). A write raises `failure` if it is set.
    """

    def __init__(
        self,
        *,
        waiting_bytes: int = 0,
        stuck: bool = False,
        pause_seconds: float | None = None,
        failure: Exception | None = None,
        **facts: object,
    ) -> None:
        super().__init__(extra=facts)
        self.waiting_bytes = waiting_bytes
        self.stuck = stuck
        self.pause_seconds = pause_seconds
        self.failure = failure
        self.kept: list[bytes | bytearray | memoryview] = []
        self.reading = True
        self.closing = False
        self.aborted = False
        self.protocol: asyncio.BaseProtocol

    @property
    def written(self) -> bytes:
        """All written bytes, joined."""
        return b"".join(self.kept)

    @property
    def in_bulk(self) -> bool:
        """Whether the protocol reads into a buffer."""
        return isinstance(self.protocol, asyncio.BufferedProtocol)

    def arrive(self, data: bytes) -> None:
        """Passes read bytes to the protocol as a transport does, for either kind of protocol."""
        if isinstance(self.protocol, asyncio.BufferedProtocol):
            memory = self.protocol.get_buffer(-1)
            memory[: len(data)] = data  # type: ignore[index]
            self.protocol.buffer_updated(len(data))
        else:
            assert isinstance(self.protocol, asyncio.Protocol)
            self.protocol.data_received(data)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return self.waiting_bytes + (sum(map(len, self.kept)) if self.stuck else 0)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writelines((data,))

    def writelines(self, pieces: Iterable[bytes | bytearray | memoryview]) -> None:
        if self.failure is not None:
            raise self.failure
        self.kept.extend(pieces)
        if self.pause_seconds is not None:
            self.protocol.pause_writing()
            if self.pause_seconds < math.inf:
                asyncio.get_running_loop().call_later(self.pause_seconds, self.protocol.resume_writing)

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        pass

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = self.aborted = True
