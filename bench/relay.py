"""The relay: what it costs to carry bytes from target to viewer, in floods and acknowledged messages."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial

from bench import load
from bench.comparison import Comparison, Figures, compare
from bench.cpu import cpu_seconds
from bench.peers import Peer, Starters
from bench.processes import Count, worker
from bench.target import UPDATES, Behaviour, target

WARM_UP_SECONDS = 1.0
OPEN_SECONDS = 60.0
MANY = 50

FLOOD_ONE = "64 KiB flood on one session"
FLOOD_MANY = f"64 KiB flood on {MANY} sessions"
MESSAGES_16K = f"16 KiB messages on {MANY} sessions"
MESSAGES_1K = f"1 KiB messages on {MANY} sessions"
TLS_FLOOD = "TLS to the viewer: 64 KiB flood on one session"
TLS_MESSAGES = f"TLS to the viewer: 1 KiB messages on {MANY} sessions"


def run(starters: Starters, seconds: float, rounds: int) -> Iterator[Comparison]:
    """Every comparison of the relay without TLS."""
    yield from _all(
        starters,
        seconds,
        rounds,
        {
            FLOOD_ONE: partial(flood, 1),
            FLOOD_MANY: partial(flood, MANY),
            MESSAGES_16K: partial(messages, Behaviour.MESSAGES_16K),
            MESSAGES_1K: partial(messages, Behaviour.MESSAGES_1K),
        },
        tls=False,
    )


def run_tls(starters: Starters, seconds: float, rounds: int) -> Iterator[Comparison]:
    """The relay when viewers speak TLS to the gateway."""
    works: Works = {TLS_FLOOD: partial(flood, 1), TLS_MESSAGES: partial(messages, Behaviour.MESSAGES_1K)}
    yield from _all(starters, seconds, rounds, works, tls=True)


Works = Mapping[str, Callable[[float, Peer], Figures]]


def _all(starters: Starters, seconds: float, rounds: int, works: Works, *, tls: bool) -> Iterator[Comparison]:
    with ExitStack() as stack:
        ports = stack.enter_context(target()).ports
        peers = [stack.enter_context(start(ports, tls=tls)) for start in starters.values()]
        for title, measure in works.items():
            yield compare(title, {peer.name: partial(measure, seconds, peer) for peer in peers}, rounds)


def flood(sessions: int, seconds: float, peer: Peer) -> Figures:
    """Updates of 64 KiB, as fast as they go, on so many sessions at once."""
    arguments = (peer.endpoints[Behaviour.FLOOD], sessions)
    cpu, passed, done = _under_load(load.take_flood, arguments, sessions, seconds, peer)
    return {"CPU s/GB": cpu / done[Count.BYTES] * 1e9, "MB/s": done[Count.BYTES] / passed / 1e6}


def messages(behaviour: Behaviour, seconds: float, peer: Peer) -> Figures:
    """One update in flight on each session, and a key event after each."""
    arguments = (peer.endpoints[behaviour], MANY, len(UPDATES[behaviour]))
    cpu, passed, done = _under_load(load.answer_messages, arguments, MANY, seconds, peer)
    return {
        "CPU us/message": cpu / done[Count.MESSAGES] * 1e6,
        "CPU s/GB": cpu / done[Count.BYTES] * 1e9,
        "messages/s": done[Count.MESSAGES] / passed,
    }


def _under_load(
    work: Callable[..., None], arguments: tuple[object, ...], sessions: int, seconds: float, peer: Peer
) -> tuple[float, float, dict[Count, int]]:
    """The peer's CPU seconds, the seconds that passed and what was counted, in one window of steady load."""
    with worker(work, *arguments) as viewers:
        viewers.wait_for(Count.OPENED, sessions, OPEN_SECONDS, f"{peer.name}: {sessions} sessions")
        time.sleep(WARM_UP_SECONDS)
        cpu, counted, began_at = cpu_seconds(peer.pid), viewers.counters.values(), time.perf_counter()
        time.sleep(seconds)
        cpu, now, ended_at = cpu_seconds(peer.pid) - cpu, viewers.counters.values(), time.perf_counter()
    return cpu, ended_at - began_at, {count: now[count] - counted[count] for count in Count}
