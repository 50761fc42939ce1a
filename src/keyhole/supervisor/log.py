"""The supervisor's own log lines, in the form of the service's (`telemetry/logs.py`), without its libraries."""

import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import TextIO


class SupervisorEvent(StrEnum):
    """Names of log events."""

    STARTED = "service.started"
    STOPPING = "service.stopping"
    STOPPED = "service.stopped"
    RELOADED = "service.reloaded"
    RELOAD_REFUSED = "service.reload_refused"
    DEGRADED = "service.degraded"
    WORKER_STARTED = "worker.started"
    WORKER_DIED = "worker.died"
    WORKER_FAILED = "worker.failed"


WARNINGS = frozenset(
    {
        SupervisorEvent.RELOAD_REFUSED,
        SupervisorEvent.DEGRADED,
        SupervisorEvent.WORKER_DIED,
        SupervisorEvent.WORKER_FAILED,
    }
)


class SupervisorLog:
    """Writes one line for each event: JSON, or on a terminal words."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def __call__(self, event: SupervisorEvent, **facts: object) -> None:
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        level = "warning" if event in WARNINGS else "info"
        if self._stream.isatty():
            words = " ".join(f"{name}={value}" for name, value in facts.items())
            line = f"{now} [{level:<8}] {event} {words}".rstrip()
        else:
            line = json.dumps({**facts, "event": event, "level": level, "timestamp": now})
        self._stream.write(f"{line}\n")
        self._stream.flush()
