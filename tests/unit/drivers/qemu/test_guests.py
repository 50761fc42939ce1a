"""Which of several guests with one id counts."""

from dataclasses import replace
from pathlib import Path

import pytest

from keyhole.drivers.qemu.guest import Guest
from keyhole.drivers.qemu.guests import Guests
from keyhole.drivers.qemu.sockets import ProbeResult
from keyhole.model import ServerStatus
from keyhole.net.unix_sockets import Peer

GUEST = Guest("g1", "web", ServerStatus.ACTIVE, 128, 1, None, None, None, Peer(1, 0))


def guests(*found: tuple[int, ServerStatus, bool]) -> Guests:
    """One socket after the other, each with its QEMU's pid, the guest's status and whether its QEMU has ended."""
    results = [
        ProbeResult(Path(f"/{number}"), 0.0, replace(GUEST, peer=Peer(pid, 0), status=status), stopped=stopped)
        for number, (pid, status, stopped) in enumerate(found)
    ]
    return Guests({result.path: result for result in results})


RUNNING, MOVING, SILENT = ServerStatus.ACTIVE, ServerStatus.MIGRATING, ServerStatus.UNKNOWN
OFF = ServerStatus.SHUTOFF


@pytest.mark.parametrize(
    ("found", "path", "is_double"),
    [
        ([(1, RUNNING, False)], "/0", False),
        ([(1, RUNNING, False), (1, RUNNING, False)], "/0", False),
        ([(1, RUNNING, False), (2, RUNNING, False)], "/0", True),
        ([(1, RUNNING, False), (2, RUNNING, False), (1, MOVING, False)], "/0", True),
        ([(1, MOVING, False), (2, RUNNING, False)], "/1", False),
        ([(1, RUNNING, False), (2, SILENT, False)], "/0", False),
        ([(1, OFF, True), (2, RUNNING, False)], "/1", False),
        ([(1, RUNNING, False), (2, OFF, True)], "/0", False),
        ([(1, OFF, False), (2, RUNNING, False)], "/0", True),
        ([(1, OFF, True), (2, OFF, True)], "/0", False),
    ],
)
def test_one_guest_counts_of_those_with_one_id(
    found: list[tuple[int, ServerStatus, bool]], path: str, is_double: bool
) -> None:
    seen = guests(*found).find("g1")
    assert seen is not None
    assert (str(seen.result.path), seen.is_double) == (path, is_double)


def test_the_problem_names_both() -> None:
    (problem,) = guests((1, RUNNING, False), (2, RUNNING, False)).problems()
    assert problem.sentence == "/1: the UUID g1 is also that of /0; neither is opened."
