"""os-getConsoleOutput: the end of a server's serial log, rendered without blocking the consoles' loop."""

import asyncio
import json
from collections.abc import Iterator

from keyhole.api.compute.call import Call
from keyhole.protocols.escape_sequences import EscapeFilter

DEFAULT_BYTES = 100 << 10
"""How much of the log's end is returned if no number of lines is requested, as in Nova."""

MAX_BYTES = 1 << 20
"""How much of the log's end is returned at most."""

_PIECE_BYTES = 64 << 10
"""How much is rendered at a time: the loop runs between two pieces."""

_MAX_LINES = 10**9
_UNSHOWN = bytes(byte for byte in range(0x20) if byte not in b"\t\n")
_AS_ASCII = bytes(byte if byte < 0x80 else ord("?") for byte in range(256))


async def get_console_output(call: Call) -> bytes:
    """{"os-getConsoleOutput": {"length": N}} gives {"output": TEXT}: the last N lines, at most MAX_BYTES of the log.

    Without N or with -1 it is the last DEFAULT_BYTES. Non-ASCII characters are shown as "?"; escape sequences, and
    control characters except tab and line feed, are removed.
    """
    lines = _line_count(call.body["os-getConsoleOutput"].get("length"))
    limit = DEFAULT_BYTES if lines is None else MAX_BYTES
    async with call.services.log_readers.semaphore(call.identity.user_id):
        # A request for no lines reads one and drops it, to find out whether there is a log.
        log = await call.services.consoles.log(call.identity, call.parameters["server_id"], 1 if lines == 0 else lines)
        return await asyncio.to_thread(_rendered, b"" if lines == 0 else log[-limit:])


def _rendered(log: bytes) -> bytes:
    """The answer's JSON text."""
    return b"".join((b'{"output": "', *_pieces(log), b'"}'))


def _pieces(log: bytes) -> Iterator[bytes]:
    escapes = EscapeFilter()
    for start in range(0, len(log), _PIECE_BYTES):
        yield _as_json(escapes.feed(log[start : start + _PIECE_BYTES]))
    yield _as_json(escapes.finish())


def _as_json(text: bytes) -> bytes:
    return json.dumps(text.translate(_AS_ASCII, _UNSHOWN).decode("ascii"))[1:-1].encode("ascii")


def _line_count(length: int | float | str | None) -> int | None:
    """The number of lines that a checked `length` requests; None for all."""
    if isinstance(length, str):
        length = int(length) if len(length) <= 18 else _MAX_LINES
    if length is None or length < 0:
        return None
    return int(min(length, _MAX_LINES))
