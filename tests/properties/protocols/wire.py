"""Shared by the properties of all parsers: splitting and corrupting bytes, and recording the results."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from keyhole.errors import ProtocolError, SecurityRefused
from keyhole.protocols.machine import Machine

SIZES = st.lists(st.integers(1, 40), max_size=12)
"""Sizes of reads, taken in turn and over again; none means everything in one read."""


def split(data: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    """The reads in which data arrives; nothing is one empty read."""
    if not data:
        yield data
    at = 0
    while at < len(data):
        for size in sizes or [len(data)]:
            if at < len(data):
                yield data[at : at + size]
                at += size


def spoilt(data: bytes, at: int, byte: int) -> bytes:
    """With one byte changed."""
    at %= len(data)
    return data[:at] + bytes((byte,)) + data[at + 1 :]


@dataclass
class LoginResult:
    """A machine's result: everything that our side can observe."""

    events: list[object]
    sent: list[bytes]
    trailing: bytes
    done: bool
    waiting_for: str
    failure: tuple[type, str] | None


def run(machine: Machine[Any], reads: Iterable[bytes], most_buffered: int) -> LoginResult:
    """Feeds a machine until the end or a failure. Only the documented kinds of failure are caught."""
    events: list[object] = []
    failure = None
    sent = machine.data_to_send()
    reads = iter(reads)
    try:
        for data in reads:
            machine.receive_data(data)
            events += machine.events()
            sent += machine.data_to_send()
            assert len(machine._buffer) <= most_buffered + machine.done * len(data)
            if machine.done:
                break
    except (ProtocolError, SecurityRefused) as error:
        failure = (type(error), str(error))
    events += machine.events()
    sent += machine.data_to_send()
    trailing = b"" if failure else machine.trailing_data() + b"".join(reads)
    return LoginResult(events, sent, trailing, machine.done, machine.waiting_for, failure)
