"""The supervisor's own log lines, in the format of the service's (`telemetry/logs.py`), without its libraries."""

import json
import sys
import traceback
from datetime import UTC, datetime
from enum import StrEnum
from typing import TextIO

from keyhole.telemetry.log_stream import LogStream


class SupervisorEvent(StrEnum):
    """Names of log events."""

    STARTED = "service.started"
    STOPPING = "service.stopping"
    STOPPED = "service.stopped"
    RELOADED = "service.reloaded"
    RELOAD_REFUSED = "service.reload_refused"
    DEGRADED = "service.degraded"
    FAILED = "service.failed"
    WORKER_STARTED = "worker.started"
    WORKER_DIED = "worker.died"
    WORKER_FAILED = "worker.failed"
    WORKER_UNRESPONSIVE = "worker.unresponsive"
    WORKER_RECOVERED = "worker.recovered"


WARNINGS = frozenset(
    {
        SupervisorEvent.RELOAD_REFUSED,
        SupervisorEvent.DEGRADED,
        SupervisorEvent.WORKER_DIED,
        SupervisorEvent.WORKER_FAILED,
        SupervisorEvent.WORKER_UNRESPONSIVE,
    }
)


ERRORS = frozenset({SupervisorEvent.FAILED})


class SupervisorLog:
    """Writes one line for each event: readable text on a terminal, otherwise JSON."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = LogStream(stream or sys.stderr)

    def failed(self, where: str, error: BaseException) -> None:
        """A defect in Keyhole, logged with its traceback."""
        self(SupervisorEvent.FAILED, where=where, exception="".join(traceback.format_exception(error)))

    def __call__(self, event: SupervisorEvent, **facts: object) -> None:
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        level = "error" if event in ERRORS else "warning" if event in WARNINGS else "info"
        if self._stream.isatty():
            words = " ".join(f"{name}={value}" for name, value in facts.items())
            line = f"{now} [{level:<8}] {event} {words}".rstrip()
        else:
            line = json.dumps({**facts, "event": event, "level": level, "timestamp": now})
        self._stream.write(f"{line}\n")
        self._stream.flush()
