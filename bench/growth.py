"""Growth: what a session costs when one process has 1, 10, and up to 10 000 of them.

There is one round for each number but COMPARED, with a new process: the sessions are opened one after another,
rest, and then answer a steady number of messages in all.
"""

import time
from collections.abc import Iterator
from functools import partial

from bench import load
from bench.comparison import BASELINE, Comparison, Figures, compare
from bench.cpu import cpu_seconds
from bench.memory import pss_bytes
from bench.peers import Starter, Starters, most_sessions
from bench.processes import BenchError, Count, worker
from bench.target import Behaviour, target

SIZES = (1, 10, 100, 1000, 5000, 10_000)
COMPARED = 1000
"""The size whose answer times are held against the aim."""
MOST_OF_WEBSOCKIFY = 100
"""Far from what makes it stop (its `select()` takes no descriptor beyond 1023), and soon opened."""
MESSAGES_PER_SECOND = 1000
SETTLE_SECONDS = 1.0
REST_SECONDS = 4.0
OPEN_SECONDS = 120.0


def title(sessions: int) -> str:
    """What the comparison of one size is called."""
    return f"Growth: {sessions} sessions in one process"


def run(starters: Starters, seconds: float, rounds: int) -> Iterator[Comparison]:
    """One comparison for each size, as far as descriptors reach."""
    for size in SIZES:
        sessions = min(size, most_sessions())
        contestants = {
            name: partial(_measure, start, sessions, seconds)
            for name, start in starters.items()
            if name != BASELINE or sessions <= MOST_OF_WEBSOCKIFY
        }
        yield compare(title(size), contestants, rounds if size == COMPARED else 1)


def _measure(start: Starter, sessions: int, seconds: float) -> Figures:
    with target() as behind, start(behind.ports) as peer:
        endpoint = peer.endpoints[Behaviour.MESSAGES_1K]
        with worker(load.sit_still, endpoint, 1) as first:
            first.wait_for(Count.MICROSECONDS, 1, OPEN_SECONDS, f"{peer.name}: the first session")
        cpu, memory = cpu_seconds(peer.pid), pss_bytes(peer.pid)
        work = (endpoint, sessions, REST_SECONDS, MESSAGES_PER_SECOND, seconds)
        with worker(load.rest_and_answer, *work) as viewers:
            viewers.wait_for(Count.MICROSECONDS, 1, OPEN_SECONDS, f"{peer.name}: {sessions} sessions")
            opened_cpu = cpu_seconds(peer.pid) - cpu
            time.sleep(SETTLE_SECONDS)
            resting_cpu, since = cpu_seconds(peer.pid), time.monotonic()
            held = pss_bytes(peer.pid) - memory
            time.sleep(REST_SECONDS - 2 * SETTLE_SECONDS)
            resting = (cpu_seconds(peer.pid) - resting_cpu) / (time.monotonic() - since)
            viewers.wait_for(Count.P99_MICROSECONDS, 1, OPEN_SECONDS, f"{peer.name}: messages")
        counted = viewers.counters
        opened = counted[Count.OPENED]
        if not opened:
            raise BenchError(f"{peer.name}: no session could be opened")
        return {
            "CPU ms/new session": opened_cpu / opened * 1e3,
            "new sessions/s, one by one": opened / counted[Count.MICROSECONDS] * 1e6,
            "opened": opened,
            "KB/session": held / opened / 1e3,
            "resting: CPU ms/s": resting * 1e3,
            "message p50 us": counted[Count.P50_MICROSECONDS],
            "message p99 us": counted[Count.P99_MICROSECONDS],
        }
