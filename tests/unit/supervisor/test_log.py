"""The supervisor's log lines have the same format as the service's."""

import io
import json
import os

from keyhole.supervisor.log import SupervisorEvent, SupervisorLog
from keyhole.telemetry.logs import make_logger


def test_json_has_the_services_form() -> None:
    ours, theirs = io.StringIO(), io.StringIO()
    SupervisorLog(ours)(SupervisorEvent.WORKER_DIED, slot=1, message='a "quote"\nand a line')
    make_logger(theirs, json=True).warning(SupervisorEvent.WORKER_DIED, slot=1, message='a "quote"\nand a line')
    mine, services = json.loads(ours.getvalue()), json.loads(theirs.getvalue())
    assert len(mine.pop("timestamp")) == len(services.pop("timestamp"))
    assert mine == services
    assert ours.getvalue().count("\n") == 1


def test_a_defect_is_told_with_its_traceback() -> None:
    stream = io.StringIO()
    try:
        raise ValueError("no")
    except ValueError as error:
        SupervisorLog(stream).failed("reload", error)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"], line["where"]) == ("service.failed", "error", "reload")
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: no\n")


def test_a_full_disk_stops_nobody() -> None:
    with open("/dev/full", "w", buffering=1) as full:
        log = SupervisorLog(full)
        for _ in range(100):
            log(SupervisorEvent.WORKER_DIED, slot=1)
        # The stream's own end would fail too.
        os.dup2(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), full.fileno())


def test_a_terminal_gets_words() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    SupervisorLog(stream)(SupervisorEvent.STARTED, url="http://x")
    assert stream.getvalue().endswith("Z [info    ] service.started url=http://x\n")
