"""The stream for log lines. The supervisor uses it too, so this module only imports the standard library."""

from typing import TextIO


class LogStream:
    """A stream that never fails: text that cannot be written, on a full disk for example, is lost."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def isatty(self) -> bool:
        return self._stream.isatty()

    def write(self, text: str) -> None:
        try:  # noqa: SIM105 - for every line; `suppress` costs more than the rest
            self._stream.write(text)
        except OSError:
            pass

    def flush(self) -> None:
        try:  # noqa: SIM105 - as above
            self._stream.flush()
        except OSError:
            pass
