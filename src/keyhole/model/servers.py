"""The machines whose consoles drivers provide."""

from dataclasses import dataclass
from enum import StrEnum

from keyhole.model.console_types import Protocol


class ServerStatus(StrEnum):
    """The Compute API's server status, as far as drivers report it."""

    ACTIVE = "ACTIVE"
    BUILD = "BUILD"
    PAUSED = "PAUSED"
    SUSPENDED = "SUSPENDED"
    SHUTOFF = "SHUTOFF"
    MIGRATING = "MIGRATING"
    ERROR = "ERROR"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Server:
    """A machine whose consoles a driver provides. `protocols` are the kinds of console that it offers.

    `keeps_log` says that it has a serial log, as far as is known without reading it.
    """

    id: str
    name: str
    project_id: str
    status: ServerStatus = ServerStatus.ACTIVE
    task_state: str | None = None
    host: str = ""
    protocols: frozenset[Protocol] = frozenset()
    created_at: float = 0.0
    memory_mb: int = 0
    vcpus: int = 0
    keeps_log: bool = False
