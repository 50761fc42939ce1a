"""The memory of a process and its descendants, in bytes, each shared page split among those who share it (PSS)."""

import contextlib
from pathlib import Path

from bench.cpu import descendants


def pss_bytes(pid: int) -> int:
    """What the tree holds now. Memory that the kernel holds for its sockets is not in it."""
    return sum(_own_bytes(member) for member in descendants(pid))


def available_bytes() -> int:
    """What the machine could still give away."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/meminfo does not name MemAvailable")


def _own_bytes(pid: int) -> int:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
