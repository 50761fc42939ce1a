"""The supervisor's lines look like the service's."""

import io
import json

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


def test_a_terminal_gets_words() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    SupervisorLog(stream)(SupervisorEvent.STARTED, url="http://x")
    assert stream.getvalue().endswith("Z [info    ] service.started url=http://x\n")
