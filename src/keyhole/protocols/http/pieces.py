"""What was received on a connection, cut so that no piece goes beyond the end of a request (RFC 9112 2.1, 7.1).

For a parser that cannot be told to stop: it is given one piece at a time. Where a head, a chunk or a chunked body ends
is told by the empty line; a cut too many does a parser no harm.
"""

_EMPTY_LINE = b"\r\n\r\n"


class Pieces:
    """Bytes that wait for their parser, in order; true while there are any."""

    __slots__ = ("_before", "_body_bytes", "_data", "_taken")

    def __init__(self) -> None:
        self._data = b""
        self._taken = 0
        self._before = b""
        """The end of what was taken, where an empty line may have begun."""
        self._body_bytes = 0

    def __bool__(self) -> bool:
        return self._taken < len(self._data)

    def __len__(self) -> int:
        return len(self._data) - self._taken

    def receive_data(self, data: bytes) -> None:
        """More was received."""
        self._data = self._data[self._taken :] + data if self._taken < len(self._data) else data
        self._taken = 0

    def expect_body(self, length: int) -> None:
        """The next so many bytes are a body, wherever there are empty lines in it."""
        self._body_bytes = length

    def take(self) -> bytes:
        """The next piece, up to an empty line, the end of an expected body, or the end of what was received; empty when
        nothing is left."""
        data, begin = self._data, self._taken
        if begin == len(data):
            return b""
        if self._body_bytes:
            end = min(begin + self._body_bytes, len(data))
            self._body_bytes -= end - begin
        elif self._before or (end := data.find(_EMPTY_LINE, begin)) < 0:
            end = self._cut()
        else:
            end += len(_EMPTY_LINE)
        self._taken = end
        return data[begin:end]

    def take_all(self) -> bytes:
        """Everything that is left; the next request begins with what is received from now on."""
        rest = self._data[self._taken :]
        self._data, self._taken, self._before, self._body_bytes = b"", 0, b"", 0
        return rest

    def _cut(self) -> int:
        """Where the piece ends if an empty line may have begun before it, or is not there as a whole."""
        data, begin = self._data, self._taken
        before, self._before = self._before, b""
        if before and (found := (before + data[begin : begin + 3]).find(_EMPTY_LINE)) >= 0:
            return begin + found + len(_EMPTY_LINE) - len(before)
        if (found := data.find(_EMPTY_LINE, begin)) >= 0:
            return found + len(_EMPTY_LINE)
        self._before = (before + data[max(begin, len(data) - 3) :])[-3:]
        return len(data)
