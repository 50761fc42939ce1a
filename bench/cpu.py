"""The processor time of a process and its descendants, in seconds.

/proc/PID/stat counts in steps of 10 ms per process, which is nothing to go by for fifty forked relays; schedstat counts
nanoseconds per thread. What has ended is gone from there, so the time of children already waited for is added from
their parent's stat, where the steps are of the sum.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_NANOSECONDS = 1e9
_TICKS = os.sysconf("SC_CLK_TCK")
_VANISHED = (FileNotFoundError, ProcessLookupError)


def descendants(pid: int) -> Iterator[int]:
    """The process itself and whatever it started and still runs."""
    yield pid
    with contextlib.suppress(*_VANISHED):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from descendants(int(child))


def cpu_seconds(pid: int) -> float:
    """What the tree has used since it began."""
    return sum(_own_seconds(member) + _ended_children_seconds(member) for member in descendants(pid))


def _own_seconds(pid: int) -> float:
    total = 0
    with contextlib.suppress(*_VANISHED):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(*_VANISHED):
                total += int((thread / "schedstat").read_text().split()[0])
    return total / _NANOSECONDS


def _ended_children_seconds(pid: int) -> float:
    with contextlib.suppress(*_VANISHED):
        # The process's name stands in brackets and may hold anything; cutime and cstime are fields 16 and 17.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / _TICKS
    return 0.0
