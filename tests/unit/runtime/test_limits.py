"""Which limits the parts get from which settings."""

from typing import Any

from keyhole import config
from keyhole.core.limits import HandshakeLimits, StreamLimits
from keyhole.core.links import GrantRules
from keyhole.core.sessions.live import SessionLimits
from keyhole.core.tickets import TicketRules
from keyhole.gateway.deadlines import Deadlines
from keyhole.runtime.limits import Limits


def limits_of(**values: Any) -> Limits:
    return Limits.of(config.make(values, source="test"))


def test_the_limits_of_sessions_come_from_three_sections() -> None:
    limits = {"sessions": 1, "sessions_per_user": 2, "sessions_per_project": 3, "buffered_bytes": 4}
    sections = {"limits": limits, "console": {"max_sessions_per_server": 5}, "sessions": {"idle_seconds": 6}}
    assert limits_of(**sections).sessions == SessionLimits(
        idle_seconds=6, maximum_seconds=0, total=1, per_user=2, per_project=3, per_server=5, buffered_bytes=4
    )


def test_workers_share_what_each_counts_for_itself() -> None:
    limits = {"handshakes": 2000, "handshakes_per_address": 0}
    for workers, share in ((1, HandshakeLimits(2000, 0)), (3, HandshakeLimits(666, 0))):
        assert limits_of(limits=limits, server={"workers": workers}).handshakes == share


def test_workers_share_the_connections_of_one_address() -> None:
    for workers, limit, share in ((1, 500, 500), (3, 500, 166), (3, 2, 1), (3, 0, 0)):
        limits = limits_of(limits={"connections_per_address": limit}, server={"workers": workers})
        assert limits.connections_per_address == share


def test_consoles_dialled_at_once_are_shared_by_the_workers() -> None:
    limits = {"handshakes_per_server": 8}
    assert [limits_of(limits=limits, server={"workers": n}).dials_per_server for n in (1, 3, 9)] == [8, 2, 1]


def test_links_and_tickets_live_as_long_as_the_settings_say() -> None:
    limits = limits_of(tokens={"lifetime_seconds": 7}, sessions={"resume_seconds": 8, "maximum_seconds": 9})
    assert limits.grants == GrantRules(7, reusable=False)
    assert limits.tickets == TicketRules(8, 9)
    assert limits.sessions.maximum_seconds == 9
    assert limits_of(tokens={"reuse": "until_expiry"}).grants.reusable


def test_what_a_connection_may_send_and_how_slowly_comes_from_two_sections() -> None:
    sent = {"frame_bytes": 2000, "message_bytes": 3000, "cut_text_bytes": 400, "messages_per_second": 5}
    limits = limits_of(
        limits=sent | {"head_bytes": 6000, "head_seconds": 7}, sessions={"keepalive_timeout_seconds": 80}
    )
    assert limits.streams == StreamLimits(**sent)
    assert limits.deadlines == Deadlines(head=7, keepalive_timeout=80)
    assert limits.sessions.keepalive_timeout_seconds == 80
    assert limits.head_bytes == 6000
