"""`python -m bench.soak [--cycles N] [--minutes N]`: does the service go back to where it was?

Sessions are opened and ended in every way that viewers know, then typed and painted into for a while. Before, between
and after, the service's descriptors, tasks, sessions, handshakes and memory are read, once it has settled.
"""

import argparse
import contextlib
import http.client
import itertools
import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import rfb
from bench.memory import pss_bytes
from bench.peers import Keyhole, keyhole
from bench.processes import BenchError, wait_until
from bench.target import Behaviour, target
from bench.viewer import Endpoint, Viewer

WARM_UP_CYCLES = 500
AT_ONCE = 8
SETTLE_SECONDS = 30.0
MOST_GROWTH_BYTES = 8 << 20
RESULTS = Path(".cache/bench")
TYPISTS, PAINTED, IDLE = 10, 3, 10
READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class State:
    """What the service holds at a moment."""

    descriptors: int
    tasks: int
    sessions: int
    handshakes: int
    memory_bytes: int

    def is_back_at(self, before: "State") -> bool:
        """Nothing more is held than before, give or take what the allocator keeps."""
        ours = (self.descriptors, self.tasks, self.sessions, self.handshakes)
        theirs = (before.descriptors, before.tasks, before.sessions, before.handshakes)
        return ours <= theirs and self.memory_bytes <= before.memory_bytes + MOST_GROWTH_BYTES


@dataclass(frozen=True, slots=True)
class Soaked:
    """What came of it. `traffic_bytes` went to viewers in the mixed traffic."""

    cycles: int
    failed: int
    minutes: float
    traffic_bytes: int
    before: State
    after_cycles: State
    after_traffic: State

    @property
    def is_clean(self) -> bool:
        return (
            not self.failed and self.after_cycles.is_back_at(self.before) and self.after_traffic.is_back_at(self.before)
        )


def soak(cycles: int, minutes: float) -> Soaked:
    """Runs a service of its own and soaks it. Raises BenchError."""
    with target() as running, keyhole(running.ports) as service:
        open_and_close(service, WARM_UP_CYCLES)
        before = settled(service)
        failed = open_and_close(service, cycles)
        after_cycles = settled(service)
        traffic_bytes = mixed_traffic(service, 60 * minutes)
        return Soaked(cycles, failed, minutes, traffic_bytes, before, after_cycles, settled(service))


def open_and_close(service: Keyhole, cycles: int) -> int:
    """So many sessions, each ended in the next of WAYS; returns how many did not open."""
    endpoint = service.endpoints[Behaviour.SILENT]

    def cycle(way: Callable[[Endpoint], None]) -> bool:
        try:
            way(endpoint)
        except (OSError, EOFError, ValueError):
            return False
        return True

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(not done for done in pool.map(cycle, itertools.islice(itertools.cycle(WAYS), cycles)))


def _closes(endpoint: Endpoint) -> None:
    viewer = Viewer(endpoint)
    with contextlib.closing(viewer.socket):
        viewer.socket.sendall(b"\x88\x82\0\0\0\0\x03\xe8")
        while viewer.socket.recv(READ_BYTES):
            pass


def _hangs_up(endpoint: Endpoint) -> None:
    Viewer(endpoint).socket.close()


def _resets(endpoint: Endpoint) -> None:
    viewer = Viewer(endpoint)
    viewer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    viewer.socket.close()


def _breaks_a_rule(endpoint: Endpoint) -> None:
    viewer = Viewer(endpoint)
    with contextlib.closing(viewer.socket):
        viewer.socket.sendall(viewer.framed(b"\x63"))
        while viewer.socket.recv(READ_BYTES):
            viewer.socket.sendall(b"\x88\x82\0\0\0\0\x03\xe8")


def _leaves_in_its_handshake(endpoint: Endpoint) -> None:
    with socket.create_connection(("127.0.0.1", endpoint.port), 10) as half:
        half.sendall(f"GET {endpoint.path} HTTP/1.1\r\nUpgrade: websocket\r\n".encode())


WAYS = (_closes, _hangs_up, _resets, _breaks_a_rule, _leaves_in_its_handshake)


def mixed_traffic(service: Keyhole, seconds: float) -> int:
    """Typists, painted screens, idle ones, and others that come and go; returns the bytes that viewers got."""
    until = time.monotonic() + seconds
    received = [0]
    lock = threading.Lock()

    def count(size: int) -> None:
        with lock:
            received[0] += size

    def types() -> None:
        with _session(service, Behaviour.MESSAGES_16K) as viewer:
            while time.monotonic() < until:
                count(len(viewer.receive()))
                viewer.socket.sendall(viewer.framed(rfb.KEY_EVENT))
                time.sleep(0.01)

    def watches() -> None:
        with _session(service, Behaviour.FLOOD) as viewer:
            while time.monotonic() < until:
                count(len(viewer.socket.recv(READ_BYTES)))
                time.sleep(0.005)

    def idles() -> None:
        with _session(service, Behaviour.SILENT):
            time.sleep(max(0.0, until - time.monotonic()))

    def comes_and_goes() -> None:
        while time.monotonic() < until:
            if open_and_close(service, len(WAYS)):
                raise BenchError("a session did not open amid the traffic")

    works = [types] * TYPISTS + [watches] * PAINTED + [idles] * IDLE + [comes_and_goes]
    with ThreadPoolExecutor(len(works)) as pool:
        for work in [pool.submit(work) for work in works]:
            work.result()
    return received[0]


@contextlib.contextmanager
def _session(service: Keyhole, behaviour: Behaviour) -> Iterator[Viewer]:
    viewer = Viewer(service.endpoints[behaviour])
    with contextlib.closing(viewer.socket):
        viewer.socket.sendall(viewer.framed(rfb.UPDATE_REQUEST))
        yield viewer


def settled(service: Keyhole) -> State:
    """What the service holds once every session is gone. Raises BenchError when they do not go."""
    wait_until(lambda: _state(service).sessions == 0, SETTLE_SECONDS, "the sessions' end")
    seen: list[State] = []

    def rests() -> bool:
        seen.append(_state(service))
        time.sleep(0.5)
        return len(seen) > 4 and len({(state.descriptors, state.tasks) for state in seen[-4:]}) == 1

    wait_until(rests, SETTLE_SECONDS, "the service's rest")
    return seen[-1]


def _state(service: Keyhole) -> State:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    try:
        connection.request("GET", "/metrics", headers={"Connection": "close"})
        text = connection.getresponse().read().decode()
    finally:
        connection.close()

    def total(metric: str) -> int:
        return int(sum(float(value) for value in re.findall(rf"^{metric}(?:{{.*}})? (\S+)$", text, re.MULTILINE)))

    return State(
        descriptors=len(list(Path(f"/proc/{service.pid}/fd").iterdir())),
        tasks=total("keyhole_tasks"),
        sessions=total("keyhole_sessions"),
        handshakes=total("keyhole_handshakes"),
        memory_bytes=pss_bytes(service.pid),
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.soak", description="Does the service return to where it was?"
    )
    parser.add_argument("--cycles", type=int, default=10_000, help="sessions opened and ended (10000)")
    parser.add_argument("--minutes", type=float, default=20.0, help="mixed traffic after that (20)")
    options = parser.parse_args()
    try:
        soaked = soak(options.cycles, options.minutes)
    except BenchError as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1
    table = Table("", *State.__slots__)
    for when in ("before", "after_cycles", "after_traffic"):
        table.add_row(when, *(f"{value:,}" for value in asdict(getattr(soaked, when)).values()))
    console = Console(width=110)
    console.print(table)
    console.print(
        f"{soaked.cycles:,} cycles, {soaked.failed} failed; {soaked.minutes:g} minutes of traffic,"
        f" {soaked.traffic_bytes / 1e9:.1f} GB to viewers: {'clean' if soaked.is_clean else 'NOT CLEAN'}"
    )
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / f"soak-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    file.write_text(json.dumps(asdict(soaked), indent=1))
    return 0 if soaked.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
