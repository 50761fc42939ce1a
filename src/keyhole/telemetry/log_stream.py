"""Where log lines are written to. The supervisor uses this too, so it imports the standard library alone."""

from typing import TextIO


class LogStream:
    """A stream that never fails: what cannot be written, on a full disk for example, is lost."""

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
