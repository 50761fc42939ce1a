"""The sweep over all sessions once a second: in small batches, however many there are."""

import asyncio
import io
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest
from tests.fakes.drivers import opening_of
from tests.fakes.relay import StillRelay

from keyhole.core.sessions.live import SWEEP_AT_ONCE, Session, SessionLimits, Sessions
from keyhole.core.sessions.selectors import Everything, OfConsole, OfServer, OfSession, ServerRef
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.http_server import HttpServer
from keyhole.model import ConsoleType, Grant, Rights
from keyhole.reasons import Reason
from keyhole.runtime.background import BackgroundTasks, run_timers
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.telemetry import Telemetry

GRANT = Grant(
    "0" * 64, "u1", "alice", "p1", "s1", "vm1", ConsoleType.NOVNC, "127.0.0.1:5900", Rights.CONTROL, 0.0, 600.0
)


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry(make_logger(io.StringIO()))


@pytest.fixture
def sessions(telemetry: Telemetry) -> Sessions:
    return Sessions(SessionLimits(buffered_bytes=1000), telemetry, time.monotonic)


def opened(sessions: Sessions) -> tuple[Session, StillRelay]:
    relay = StillRelay()
    with sessions.slot(GRANT) as place:
        return sessions.opened(place, opening_of(GRANT), "127.0.0.1", relay, 0.0, None), relay


def looks(relays: list[StillRelay]) -> int:
    return sum(relay.looks for relay in relays)


def test_so_many_at_once_and_each_once(sessions: Sessions) -> None:
    relays = [opened(sessions)[1] for _ in range(3 * SWEEP_AT_ONCE + 1)]
    seen, shares = [], []
    for share in sessions.sweep():
        seen.append(looks(relays))
        shares.append(share)
    assert seen == [SWEEP_AT_ONCE, 2 * SWEEP_AT_ONCE, 3 * SWEEP_AT_ONCE, len(relays)]
    assert {relay.looks for relay in relays} == {1}
    assert shares == sorted(shares)
    assert (shares[0] > 0, shares[-1]) == (True, 1.0)


def test_where_nobody_is_the_work_is_done(sessions: Sessions) -> None:
    assert list(sessions.sweep()) == [1.0]


def test_who_leaves_meanwhile_is_not_looked_at_and_who_comes_is_the_next_time(sessions: Sessions) -> None:
    first = [opened(sessions) for _ in range(2 * SWEEP_AT_ONCE)]
    sweep = sessions.sweep()
    next(sweep)
    gone, relay = first[-1]
    sessions.closed(gone, Reason.VIEWER_CLOSED, "")
    late = opened(sessions)[1]
    assert list(sweep) == [1.0]
    assert (relay.looks, late.looks) == (0, 0)
    list(sessions.sweep())
    assert (relay.looks, late.looks) == (0, 1)


def test_a_limit_ends_who_exceeds_it_wherever_in_the_sweep(sessions: Sessions) -> None:
    relays = [opened(sessions)[1] for _ in range(2 * SWEEP_AT_ONCE)]
    relays[-1].buffered_bytes = 1001
    list(sessions.sweep())
    assert [relay.ended for relay in relays if relay.ended] == [[Reason.LIMIT_BUFFER]]


@pytest.mark.programs
async def test_others_have_their_turn_between_two_lots(sessions: Sessions, telemetry: Telemetry) -> None:
    """Tasks that become ready during one batch run before the next."""
    relays = [opened(sessions)[1] for _ in range(20 * SWEEP_AT_ONCE)]
    seen: list[int] = []
    async with asyncio.timeout(30):
        with BackgroundTasks(telemetry).running(run_timers=partial(run_timers, sessions, http_server(telemetry))):
            while len(set(seen)) < 20:
                seen.append(looks(relays))
                await asyncio.sleep(0)
    assert max(after - before for before, after in pairwise(seen)) <= SWEEP_AT_ONCE


def http_server(telemetry: Telemetry) -> HttpServer:
    async def nothing(scope: object, receive: Callable[[], object], send: Callable[[object], object]) -> None:
        return

    return HttpServer(nothing, telemetry, Deadlines(), 16384)


def test_sessions_end_by_what_they_have_in_common(sessions: Sessions) -> None:
    (one, its_relay), (_, other_relay) = opened(sessions), opened(sessions)
    sessions.terminate(OfSession("unknown"), Reason.KILLED)
    sessions.terminate(OfConsole("unknown"), Reason.KILLED)
    sessions.terminate(OfServer(ServerRef("s1", "another project")), Reason.KILLED)
    assert (its_relay.ended, other_relay.ended) == ([], [])
    sessions.terminate(OfSession(one.id), Reason.KILLED)
    assert (its_relay.ended, other_relay.ended) == ([Reason.KILLED], [])
    sessions.terminate(OfServer(ServerRef("s1", "p1")), Reason.REVOKED)
    sessions.terminate(OfConsole(GRANT.id), Reason.REVOKED)
    sessions.terminate(Everything(), Reason.RESTARTING)
    assert other_relay.ended == [Reason.REVOKED, Reason.REVOKED, Reason.RESTARTING]


def test_a_server_is_known_while_it_has_a_session(sessions: Sessions) -> None:
    (one, _), (other, _) = opened(sessions), opened(sessions)
    assert sessions.servers == {ServerRef("s1", "p1")}
    sessions.closed(one, Reason.VIEWER_CLOSED, "")
    assert sessions.servers == {ServerRef("s1", "p1")}
    sessions.closed(other, Reason.VIEWER_CLOSED, "")
    assert sessions.servers == set()
