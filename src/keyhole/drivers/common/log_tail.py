"""The end of a log file, however large the file is: read backwards in blocks until there are enough lines.

Blocks; run it in a thread. Memory is bounded by MAX_BYTES.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keyhole.errors import LogUnavailable, PathRefused
from keyhole.model import SocketTrust
from keyhole.net.plain_paths import reached

MAX_BYTES = 1 << 20
"""The most that is ever returned; for a longer log, its end."""

BLOCK_BYTES = 64 << 10

ANYWHERE = SocketTrust()
"""Any folder and any owner; no symbolic link is followed."""


def read_tail(path: Path, lines: int | None, trust: SocketTrust = ANYWHERE) -> bytes:
    """The last `lines` lines of a file, unchanged; the whole file if None.

    A line ends at b"\\n"; what follows the last one counts as a line, even when empty. The log's writer may be hostile
    and have access to fewer files than Keyhole: below `trust.directory` (the root, for a log outside it) no link is
    followed, and the file must belong to one of `trust.user_ids`, if any are given. Raises LogUnavailable if the file
    is refused, cannot be read or is not a regular file.
    """
    try:
        with _opened(Path(os.path.abspath(path)), trust) as descriptor:
            return _tail(descriptor, os.fstat(descriptor).st_size, lines)
    except (OSError, ValueError, PathRefused) as error:
        raise LogUnavailable from error


@contextmanager
def _opened(path: Path, trust: SocketTrust) -> Iterator[int]:
    directory = trust.directory if path.is_relative_to(trust.directory) else "/"
    with reached(str(path), directory) as place:
        facts = os.fstat(place)
        if not stat.S_ISREG(facts.st_mode) or (trust.user_ids is not None and facts.st_uid not in trust.user_ids):
            raise PathRefused("is not a log that may be read")
        descriptor = os.open(f"/proc/self/fd/{place}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
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
    """The bytes from `start` up to `end`; fewer if the file was truncated meanwhile."""
    parts: list[bytes] = []
    while start < end and (part := os.pread(descriptor, end - start, start)):
        parts.append(part)
        start += len(part)
    return b"".join(parts)
