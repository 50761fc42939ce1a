"""A transport that combines all writes of one event loop iteration into one system call.

uvicorn writes a response's head and body separately. Sent separately, they cost nearly twice as much here, and wake
the client twice.
"""

import asyncio
from typing import Any


class WriteCoalescer(asyncio.Transport):
    """Wraps another transport, for a protocol that writes head and body separately."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self.below = transport
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes | bytearray | memoryview] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)

    def close(self) -> None:
        self.flush()
        self.below.close()

    def abort(self) -> None:
        self._parts.clear()
        self.below.abort()

    def is_closing(self) -> bool:
        return self.below.is_closing()

    def pause_reading(self) -> None:
        self.below.pause_reading()

    def resume_reading(self) -> None:
        self.below.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.below.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return sum(map(len, self._parts)) + self.below.get_write_buffer_size()

    def flush(self) -> None:
        """Sends the collected bytes, unless the peer has disconnected: uvloop's transports then refuse writes."""
        parts, self._parts = self._parts, []
        if parts and not self.below.is_closing():
            self.below.write(b"".join(parts))
