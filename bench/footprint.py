"""The footprint: memory of sessions that rest, and of those whose viewer or target does not read.

nova-novncproxy, which takes most, is measured with fewer sessions, and with what opening one costs.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from bench import load, nova
from bench.comparison import BASELINE, KEYHOLE, NOVNCPROXY, Comparison, Figures, compare
from bench.cpu import cpu_seconds
from bench.memory import available_bytes, pss_bytes
from bench.peers import Peer, Starter, Starters
from bench.processes import BenchError, Count, Counters, Worker, worker
from bench.target import OFFERED_BYTES, Behaviour, target

FEW, MANY = 100, 1000
BESIDE_NOVA = 50
STUCK = 10
OPEN_SECONDS = 120.0
SETTLE_SECONDS = 1.0
OFFER_SECONDS = 60.0
STILL_SECONDS = 2.0
AT_REST = "Sessions at rest"
AT_REST_BESIDE_NOVA = f"{BESIDE_NOVA} sessions at rest, beside nova-novncproxy"
VIEWERS_STOP = f"{STUCK} stuck viewers, {OFFERED_BYTES // 1_000_000} MB offered to each"
TARGETS_STOP = f"{STUCK} stuck targets, {OFFERED_BYTES // 1_000_000} MB offered to each"
NEEDED_BYTES = 4 * STUCK * OFFERED_BYTES
"""A gateway that keeps what it cannot pass on takes more than what is offered."""


def run(starters: Starters, seconds: float, rounds: int) -> Iterator[Comparison]:
    """Every comparison of memory; each round begins with a new process. `seconds` has no meaning here."""
    if available_bytes() < NEEDED_BYTES:
        raise BenchError(f"memory: at least {NEEDED_BYTES / 1e9:g} GB of free memory are needed")

    def all_by(measure: Callable[[Starter], Figures], title: str) -> Comparison:
        return compare(title, {name: partial(measure, start) for name, start in starters.items()}, rounds)

    yield all_by(at_rest, AT_REST)
    if nova.version() is not None:
        peers = {name: starters[name] for name in (KEYHOLE, BASELINE) if name in starters} | {
            NOVNCPROXY: nova.novncproxy
        }
        contestants = {name: partial(few_at_rest, start) for name, start in peers.items()}
        yield compare(AT_REST_BESIDE_NOVA, contestants, rounds)
    yield all_by(viewers_stop, VIEWERS_STOP)
    yield all_by(targets_stop, TARGETS_STOP)


def at_rest(start: Starter) -> Figures:
    """Growth for each session, with few and with many."""
    with target() as behind, start(behind.ports) as peer:
        _, base = _hold(peer, 1)
        few, held_with_few = _hold(peer, FEW)
        many, held_with_many = _hold(peer, MANY)
    return {
        f"KB/session of {MANY}": (held_with_many - base) / many / 1e3,
        f"opened of {MANY}": many,
        f"KB/session of {FEW}": (held_with_few - base) / few / 1e3,
        "MB with one": base / 1e6,
    }


def few_at_rest(start: Starter) -> Figures:
    """Growth for each session, and what opening it took."""
    with target() as behind, start(behind.ports) as peer:
        _, base = _hold(peer, 1)
        cpu = cpu_seconds(peer.pid)
        with worker(load.sit_still, peer.endpoints[Behaviour.SILENT], BESIDE_NOVA) as viewers:
            viewers.wait_for(Count.MICROSECONDS, 1, OPEN_SECONDS, f"{peer.name}: {BESIDE_NOVA} sessions")
            time.sleep(SETTLE_SECONDS)
            spent, held = cpu_seconds(peer.pid) - cpu, pss_bytes(peer.pid)
        opened = viewers.counters[Count.OPENED]
    if opened != BESIDE_NOVA:
        raise BenchError(f"{peer.name}: {opened} sessions were opened")
    return {
        f"MB with {BESIDE_NOVA}": held / 1e6,
        f"KB/session of {BESIDE_NOVA}": (held - base) / BESIDE_NOVA / 1e3,
        "CPU ms/new session": spent / BESIDE_NOVA * 1e3,
        "MB with one": base / 1e6,
    }


def viewers_stop(start: Starter) -> Figures:
    """Growth while the target offers updates."""
    with target() as behind, start(behind.ports) as peer:
        _, base = _hold(peer, 1)
        with _stuck(load.read_nothing, peer, Behaviour.OFFER):
            return _growth(peer, base, behind.counters)


def targets_stop(start: Starter) -> Figures:
    """Growth while the viewers offer key events."""
    with target() as behind, start(behind.ports) as peer:
        _, base = _hold(peer, 1)
        with _stuck(load.offer_keys, peer, Behaviour.DEAF) as viewers:
            return _growth(peer, base, viewers.counters)


def _hold(peer: Peer, sessions: int) -> tuple[int, int]:
    """Opens sessions and lets them rest; gives how many there were, and the memory then, in bytes."""
    with worker(load.sit_still, peer.endpoints[Behaviour.SILENT], sessions) as viewers:
        viewers.wait_for(Count.MICROSECONDS, 1, OPEN_SECONDS, f"{peer.name}: {sessions} sessions")
        time.sleep(SETTLE_SECONDS)
        held = pss_bytes(peer.pid)
    time.sleep(SETTLE_SECONDS)
    opened = viewers.counters[Count.OPENED]
    if not opened:
        raise BenchError(f"{peer.name}: no session could be opened")
    return opened, held


@contextmanager
def _stuck(work: Callable[..., None], peer: Peer, behaviour: Behaviour) -> Iterator[Worker]:
    with worker(work, peer.endpoints[behaviour], STUCK) as viewers:
        viewers.wait_for(Count.OPENED, STUCK, OPEN_SECONDS, f"{peer.name}: {STUCK} sessions")
        yield viewers


def _growth(peer: Peer, base: int, taken: Counters) -> Figures:
    """The most that the peer grew by until all was taken from the side that sends, or nothing more is."""
    most, last = base, -1
    deadline = still_until = time.monotonic() + OFFER_SECONDS
    while (now := time.monotonic()) < min(deadline, still_until):
        if taken[Count.BYTES] != last:
            last, still_until = taken[Count.BYTES], now + STILL_SECONDS
        most = max(most, pss_bytes(peer.pid))
        time.sleep(0.1)
    return {"growth MB/session": (most - base) / STUCK / 1e6, "taken MB/session": last / STUCK / 1e6}
