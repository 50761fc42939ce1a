"""The end of a log file, however large the file is: read backwards in blocks until there are lines enough.

Blocks; run it in a thread. Memory is bounded by MAX_BYTES.
"""

import os
import stat
from pathlib import Path

from keyhole.errors import LogUnavailable

MAX_BYTES = 1 << 20
"""No more than this is ever returned; of a longer log it is the end."""

BLOCK_BYTES = 64 << 10


def read_tail(path: Path, lines: int | None, *, owner: int | None = None) -> bytes:
    """The last `lines` lines of a file as they are, all of it when None.

    A line ends at b"\\n"; what follows the last one counts as a line, even when empty. With `owner`, a file that
    belongs to another user id is refused: for paths that were named by somebody who may not read every file that we
    may. Raises LogUnavailable when the file cannot be read or is not a regular one.
    """
    try:
        # Non-blocking, or the open itself would wait for the other end of a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise LogUnavailable from error
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or owner not in (None, facts.st_uid):
            raise LogUnavailable
        return _tail(descriptor, facts.st_size, lines)
    except OSError as error:
        raise LogUnavailable from error
    finally:
        os.close(descriptor)


def _tail(descriptor: int, size: int, lines: int | None) -> bytes:
    first = max(0, size - MAX_BYTES)
    if lines is None:
        return _read(descriptor, first, size)
    blocks: list[bytes] = []
    end, missing = size, lines
    while end > first and missing > 0:
        start = max(first, end - BLOCK_BYTES)
        block = _read(descriptor, start, end)
        breaks = block.count(b"\n")
        if breaks >= missing:
            blocks.append(_after_break(block, missing))
            missing = 0
        else:
            blocks.append(block)
            missing -= breaks
        end = start
    return b"".join(reversed(blocks))


def _after_break(block: bytes, number: int) -> bytes:
    """What follows the `number`th line break, counted from the end."""
    at = len(block)
    for _ in range(number):
        at = block.rfind(b"\n", 0, at)
    return block[at + 1 :]


def _read(descriptor: int, start: int, end: int) -> bytes:
    """The bytes from `start` up to `end`, fewer when the file was cut meanwhile."""
    parts: list[bytes] = []
    while start < end and (part := os.pread(descriptor, end - start, start)):
        parts.append(part)
        start += len(part)
    return b"".join(parts)
