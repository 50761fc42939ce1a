"""The set-up: what a new session costs, from its connection to the end of both handshakes, and its end."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from bench import load
from bench.comparison import KEYHOLE, Comparison, Figures, compare
from bench.cpu import cpu_seconds, descendants
from bench.peers import Keyhole, Peer, Starters, keyhole
from bench.processes import BenchError, Count, wait_until, worker
from bench.target import Behaviour, target
from bench.viewer import Endpoint

AT_ONCE = 8
NEW_SESSIONS = f"New sessions, {AT_ONCE} at a time"
TLS_NEW_SESSIONS = f"TLS to the viewer: new sessions, {AT_ONCE} at a time"
NEW_LINKS = 1000
"""How many sessions are opened with a link of their own, in each round."""
SETTLE_SECONDS = 0.5
END_SECONDS = 30.0
WARM_UP_SECONDS = 0.5


def run(starters: Starters, seconds: float, rounds: int) -> Iterator[Comparison]:
    """Sessions that come and go, and Keyhole's again with a new link for each."""
    with ExitStack() as stack:
        ports = stack.enter_context(target()).ports
        peers = [stack.enter_context(start(ports)) for start in starters.values()]
        strict = stack.enter_context(keyhole(ports, links_open_once=True))
        contestants = {peer.name: partial(sessions, peer, seconds) for peer in peers}
        contestants[f"{KEYHOLE}, new links"] = partial(sessions_with_new_links, strict, seconds)
        yield compare(NEW_SESSIONS, contestants, rounds)
    with ExitStack() as stack:
        ports = stack.enter_context(target()).ports
        over_tls = [stack.enter_context(start(ports, tls=True)) for start in starters.values()]
        yield compare(TLS_NEW_SESSIONS, {peer.name: partial(sessions, peer, seconds) for peer in over_tls}, rounds)


def sessions(peer: Peer, seconds: float) -> Figures:
    """Opens and closes sessions for so long."""
    endpoints = [peer.endpoints[Behaviour.SILENT]]
    _come_and_go(peer, endpoints, WARM_UP_SECONDS)
    return _come_and_go(peer, endpoints, seconds)


def sessions_with_new_links(peer: Keyhole, seconds: float) -> Figures:
    """The same when each link opens once; and what it cost to make the links."""
    cpu = cpu_seconds(peer.pid)
    links = peer.new_links(Behaviour.SILENT, NEW_LINKS)
    cpu = cpu_seconds(peer.pid) - cpu
    return {**_come_and_go(peer, links, seconds), "API CPU ms/link": cpu / NEW_LINKS * 1e3}


def _come_and_go(peer: Peer, endpoints: Sequence[Endpoint], seconds: float) -> Figures:
    at_rest = len(list(descendants(peer.pid)))
    cpu = cpu_seconds(peer.pid)
    with worker(load.come_and_go, endpoints, AT_ONCE, seconds) as viewers:
        viewers.wait_for(Count.MICROSECONDS, 1, seconds + END_SECONDS, f"{peer.name}: sessions")
    counted = viewers.counters
    # A gateway with a process for each session is not done before the last is gone.
    wait_until(lambda: len(list(descendants(peer.pid))) <= at_rest, END_SECONDS, f"{peer.name}: end of sessions")
    time.sleep(SETTLE_SECONDS)
    cpu = cpu_seconds(peer.pid) - cpu
    if counted[Count.FAILED]:
        raise BenchError(f"{peer.name}: {counted[Count.FAILED]} sessions failed")
    return {
        "CPU ms/session": cpu / counted[Count.OPENED] * 1e3,
        "sessions/s": counted[Count.OPENED] / counted[Count.MICROSECONDS] * 1e6,
    }
