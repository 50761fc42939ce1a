"""A connection's received bytes, cut so that no piece extends beyond the end of a request (RFC 9112 2.1, 7.1).

For a parser that cannot stop by itself: it gets one piece at a time. Cuts are made after empty lines, which end a head,
a chunk or a chunked body; an unnecessary cut does no harm.
"""

_EMPTY_LINE = b"\r\n\r\n"


class Pieces:
    """Bytes that wait for their parser, in order; true while there are any."""

    __slots__ = ("_before", "_body_bytes", "_data", "_taken")

    def __init__(self) -> None:
        self._data = b""
        self._taken = 0
        self._before = b""
        """The last bytes that were taken, in which an empty line may have begun."""
        self._body_bytes = 0

    def __bool__(self) -> bool:
        return self._taken < len(self._data)

    def __len__(self) -> int:
        return len(self._data) - self._taken

    def receive_data(self, data: bytes) -> None:
        """Adds received bytes."""
        self._data = self._data[self._taken :] + data if self._taken < len(self._data) else data
        self._taken = 0

    def expect_body(self, length: int) -> None:
        """Treats the next `length` bytes as a body: empty lines in it do not end a piece."""
        self._body_bytes = length

    def take(self) -> bytes:
        """The next piece, up to an empty line, the end of an expected body, or the end of the received bytes; empty if
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
        """All remaining bytes; the next request begins with the bytes received from now on."""
        rest = self._data[self._taken :]
        self._data, self._taken, self._before, self._body_bytes = b"", 0, b"", 0
        return rest

    def _cut(self) -> int:
        """Where the piece ends if an empty line may have begun before it, or is incomplete."""
        data, begin = self._data, self._taken
        before, self._before = self._before, b""
        if before and (found := (before + data[begin : begin + 3]).find(_EMPTY_LINE)) >= 0:
            return begin + found + len(_EMPTY_LINE) - len(before)
        if (found := data.find(_EMPTY_LINE, begin)) >= 0:
            return found + len(_EMPTY_LINE)
        self._before = (before + data[max(begin, len(data) - 3) :])[-3:]
        return len(data)
