"""Where log lines are written to. The supervisor uses this too, so it imports the standard library alone."""

from contextlib import suppress
from typing import TextIO


class LogStream:
    """A stream that never fails: what cannot be written, on a full disk for example, is lost."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def isatty(self) -> bool:
        return self._stream.isatty()

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()
