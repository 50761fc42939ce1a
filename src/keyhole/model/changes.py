"""What a driver reports about its servers as it happens. A `scope` is a host or a cluster: the servers that are listed
together.

After a gap of any kind a driver begins again with `Listed`; there is no other way to catch up.
"""

from dataclasses import dataclass
from typing import Literal

from keyhole.model.servers import Server


@dataclass(frozen=True, slots=True)
class Listed:
    """All servers of a scope; replaces everything known about it."""

    servers: tuple[Server, ...]
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """A server of a scope appeared, or its name, state, owner or consoles changed."""

    server: Server
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Moving:
    """A server is migrating to another host; its consoles must not be opened meanwhile."""

    server_id: str


@dataclass(frozen=True, slots=True)
class ConsoleMoved:
    """A server's consoles must be dialled again now."""

    server_id: str
    why: Literal["moved", "started", "reconfigured"]


@dataclass(frozen=True, slots=True)
class Stopped:
    """A server has stopped and has no consoles until it is started."""

    server_id: str
    why: Literal["shutdown", "crashed", "suspended", "destroyed"]


@dataclass(frozen=True, slots=True)
class Gone:
    """A server was deleted, or is permanently out of the driver's reach."""

    server_id: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A scope does not answer: until it is listed again nothing new is known about its servers. `why` is a sentence."""

    why: str
    scope: str = ""


Change = Listed | Changed | Moving | ConsoleMoved | Stopped | Gone | Unreachable
