"""A viewer that gets no session reads why, and so does whoever reads the log."""

import io
import json
from typing import Any

from tests.fakes.transport import FakeTransport

from keyhole.errors import LimitReached
from keyhole.gateway.connection import RawViewer
from keyhole.gateway.refusals import refuse_session, refuse_viewer
from keyhole.model import ConsoleType, Grant, Rights
from keyhole.reasons import Reason
from keyhole.relay.endings import Ending
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.telemetry import Telemetry

GRANT = Grant("ab" * 32, "u1", "alice", "p1", "s1", "vm1", ConsoleType.XVPVNC, "tcp://h:1", Rights.CONTROL, 0.0, 600.0)


class Refused:
    """A native viewer, what was told to it, and what to the log."""

    def __init__(self) -> None:
        self.transport = FakeTransport(peername=("192.0.2.7", 40000))
        self.viewer = RawViewer()
        self.viewer.adopt(self.transport)
        self.log = io.StringIO()
        self.telemetry = Telemetry(make_logger(self.log, json=True))

    def event(self) -> dict[str, Any]:
        (line,) = self.log.getvalue().splitlines()
        event: dict[str, Any] = json.loads(line)
        return event


async def test_a_request_beyond_a_limit_is_answered_logged_and_counted() -> None:
    refused = Refused()
    refuse_viewer(refused.telemetry, refused.viewer, LimitReached(Reason.LIMIT_ADDRESS, "too many"), 1.0)
    assert refused.transport.written.startswith(b"HTTP/1.1 429 ")
    assert refused.transport.written.endswith(b"limit_address: too many")
    assert refused.transport.closing
    event = refused.event()
    assert (event["reason"], event["viewer"]) == ("limit_address", "192.0.2.7:40000")
    assert not {"token", "server", "target", "user"} & event.keys()
    assert refused.telemetry.registry.get_sample_value("keyhole_refused_total", {"reason": "limit_address"}) == 1.0


async def test_what_a_grant_was_for_is_in_the_log_and_not_in_the_answer() -> None:
    refused = Refused()
    refuse_session(refused.telemetry, refused.viewer, Ending(Reason.TARGET_UNREACHABLE, "no answer"), 1.0, GRANT)
    assert b"tcp://h:1" not in refused.transport.written
    event = refused.event()
    assert {name: event[name] for name in ("token", "server", "target", "user")} == {
        "token": GRANT.fingerprint,
        "server": "s1",
        "target": "tcp://h:1",
        "user": "alice",
    }
