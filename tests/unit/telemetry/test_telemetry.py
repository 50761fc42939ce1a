"""Log events and metrics: names, facts, and never a secret."""

import io
import json

import pytest
from prometheus_client.metrics import MetricWrapperBase

from keyhole.model import ConsoleType, Grant, Rights
from keyhole.reasons import Reason
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.refusal_lines import LINES_EACH, LINES_IN_ALL, WINDOW_SECONDS
from keyhole.telemetry.telemetry import Surface, Telemetry, Traffic

GRANT = Grant("ab" * 32, "u1", "alice", "p1", "s1", "vm1", ConsoleType.NOVNC, "tcp://h:1", Rights.CONTROL, 0.0, 600.0)


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def telemetry(log: io.StringIO) -> Telemetry:
    return Telemetry(make_logger(log, json=True))


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_sessions_life_is_logged_and_counted(telemetry: Telemetry, log: io.StringIO) -> None:
    value = telemetry.registry.get_sample_value
    telemetry.console_created(GRANT, "req-1")
    telemetry.console_opened("s", GRANT, "127.0.0.1:1", 0.02, False)
    assert value("keyhole_sessions", {"type": "novnc"}) == 1
    telemetry.console_closed("s", GRANT, Reason.TARGET_CLOSED, "", Traffic(10, 5, 1.0))
    assert value("keyhole_sessions", {"type": "novnc"}) == 0
    assert value("keyhole_sessions_closed_total", {"reason": "target_closed"}) == 1
    assert [line["event"] for line in lines(log)] == ["console.created", "console.opened", "console.closed"]
    assert all(line["token"] == "abababab" and line["user"] == "alice" for line in lines(log))
    assert lines(log)[1]["encrypted"] is False
    assert GRANT.token_hash not in log.getvalue()


def test_refusals_are_counted_by_reason_from_the_start(telemetry: Telemetry, log: io.StringIO) -> None:
    value = telemetry.registry.get_sample_value
    assert value("keyhole_refused_total", {"reason": "token_used"}) == 0
    telemetry.refused(Reason.TOKEN_USED, Surface.GATEWAY, "used", viewer="x")
    assert value("keyhole_refused_total", {"reason": "token_used"}) == 1
    (line,) = lines(log)
    assert (line["event"], line["reason"], line["surface"]) == ("refused", "token_used", "gateway")


def test_a_flood_of_refusals_is_counted_and_told_in_few_lines(log: io.StringIO) -> None:
    now = 1000.0
    telemetry = Telemetry(make_logger(log, json=True), lambda: now)
    for port in range(5000):
        telemetry.refused(Reason.NOT_FOUND, Surface.COMPUTE, "no", client="192.0.2.1")
        telemetry.refused(Reason.TOKEN_USED, Surface.GATEWAY, "used", viewer=f"2001:db8::{port:x}:{port}")
    telemetry.refused(Reason.NOT_FOUND, Surface.COMPUTE, "no", client="192.0.2.2")
    assert len(lines(log)) == 2 * LINES_EACH + 1
    assert lines(log)[-1]["client"] == "192.0.2.2"
    now += WINDOW_SECONDS - 0.1
    telemetry.refusals_left_out()
    assert len(lines(log)) == 2 * LINES_EACH + 1
    now += 0.1
    telemetry.refusals_left_out()
    telemetry.refusals_left_out()
    told = lines(log)[2 * LINES_EACH + 1 :]
    assert [(line["event"], line["reason"], line["address"], line["count"]) for line in told] == [
        ("refused.more", "not_found", "192.0.2.1", 5000 - LINES_EACH),
        ("refused.more", "token_used", "2001:db8::/64", 5000 - LINES_EACH),
    ]
    telemetry.refused(Reason.NOT_FOUND, Surface.COMPUTE, "no", client="192.0.2.1")
    assert lines(log)[-1]["event"] == "refused"
    assert telemetry.registry.get_sample_value("keyhole_refused_total", {"reason": "not_found"}) == 5002


def test_the_next_refusal_tells_what_was_left_out_before_it(log: io.StringIO) -> None:
    now = 1000.0
    telemetry = Telemetry(make_logger(log, json=True), lambda: now)
    for _ in range(LINES_EACH + 7):
        telemetry.refused(Reason.NOT_FOUND, Surface.COMPUTE, "no", client="192.0.2.1")
    now += WINDOW_SECONDS
    telemetry.refused(Reason.NOT_FOUND, Surface.COMPUTE, "no", client="192.0.2.1")
    assert [(line["event"], line.get("count")) for line in lines(log)[-2:]] == [("refused.more", 7), ("refused", None)]


def test_many_addresses_together_have_a_bounded_number_of_lines(log: io.StringIO) -> None:
    now = 1000.0
    telemetry = Telemetry(make_logger(log, json=True), lambda: now)
    for number in range(5000):
        telemetry.refused(Reason.NOT_FOUND, Surface.COMPUTE, "no", client=f"10.0.{number // 250}.{number % 250}")
    assert len(lines(log)) == LINES_IN_ALL
    now += WINDOW_SECONDS
    telemetry.refusals_left_out()
    (more,) = lines(log)[LINES_IN_ALL:]
    assert (more["address"], more["count"]) == ("various", 5000 - LINES_IN_ALL)


def test_bytes_are_counted_while_they_go_through(telemetry: Telemetry) -> None:
    value = telemetry.registry.get_sample_value
    assert value("keyhole_session_bytes_total", {"direction": "to_viewer"}) == 0
    telemetry.relayed(10, 5)
    telemetry.relayed(1, 0)
    assert value("keyhole_session_bytes_total", {"direction": "to_viewer"}) == 11
    assert value("keyhole_session_bytes_total", {"direction": "to_target"}) == 5


def test_each_step_of_a_set_up_has_its_own_histogram(telemetry: Telemetry) -> None:
    telemetry.target_connected(0.02)
    telemetry.target_joined(0.02)
    telemetry.viewer_joined(0.02)
    for step in ("target_connect", "target_handshake", "viewer_handshake"):
        assert telemetry.registry.get_sample_value(f"keyhole_{step}_seconds_count") == 1


def test_the_state_of_the_service_is_shown(telemetry: Telemetry) -> None:
    value = telemetry.registry.get_sample_value
    telemetry.serving(lambda: 7, lambda: 9)
    telemetry.target_failed("static", Reason.TARGET_REFUSED)
    telemetry.driver_problems("static", 3)
    assert (value("keyhole_handshakes"), value("keyhole_tasks")) == (7, 9)
    assert value("keyhole_target_errors_total", {"driver": "static", "reason": "target_refused"}) == 1
    assert value("keyhole_driver_problems", {"driver": "static"}) == 3


def test_how_many_rights_were_reviewed_is_counted(telemetry: Telemetry) -> None:
    telemetry.reauthorized(5, 1, 2)
    telemetry.reauthorized(4, 0, 0)
    value = telemetry.registry.get_sample_value
    outcomes = ("allowed", "revoked", "unknown")
    assert [value("keyhole_reauthorizations_total", {"outcome": outcome}) for outcome in outcomes] == [9, 1, 2]


def test_no_label_comes_from_a_user(telemetry: Telemetry) -> None:
    names: set[str] = set()
    for collector in telemetry.registry._names_to_collectors.values():
        assert isinstance(collector, MetricWrapperBase)
        names.update(collector._labelnames)
    assert names == {"reason", "type", "direction", "driver", "state", "outcome"}


def test_a_defect_is_logged_with_its_traceback(telemetry: Telemetry, log: io.StringIO) -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError as error:
        telemetry.service_failed("here", error)
    assert "ZeroDivisionError" in log.getvalue()


def test_hostile_text_cannot_forge_a_line(log: io.StringIO) -> None:
    for as_json in (True, False):
        log.seek(0)
        log.truncate()
        telemetry = Telemetry(make_logger(log, json=as_json))
        telemetry.refused(Reason.TOKEN_USED, Surface.GATEWAY, "x\nforged event\r\x1b[31m", viewer="a\nb")
        assert log.getvalue().count("\n") == 1
        assert "\x1b[31m" not in log.getvalue()
