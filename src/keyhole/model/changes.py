"""What a driver tells of its servers as it happens. A `scope` is a host, a cluster: what is listed together.

After a gap of any kind a driver begins again with `Listed`; there is no other way to catch up.
"""

from dataclasses import dataclass
from typing import Literal

from keyhole.model.servers import Server


@dataclass(frozen=True, slots=True)
class Listed:
    """All servers of a scope, in place of what was known of it."""

    servers: tuple[Server, ...]
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """A server of a scope appeared, or its name, state, owner or consoles changed."""

    server: Server
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Moving:
    """A server migrates to another host; its consoles are not to be opened meanwhile."""

    server_id: str


@dataclass(frozen=True, slots=True)
class ConsoleMoved:
    """A server's consoles are to be dialled again now."""

    server_id: str
    why: Literal["moved", "started", "reconfigured"]


@dataclass(frozen=True, slots=True)
class Stopped:
    """A server runs no more and has no consoles until it is started."""

    server_id: str
    why: Literal["shutdown", "crashed", "suspended", "destroyed"]


@dataclass(frozen=True, slots=True)
class Gone:
    """A server was deleted, or left the driver's sight for good."""

    server_id: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A scope does not answer: until it is listed again nothing new is known of its servers. `why` is a sentence."""

    why: str
    scope: str = ""


Change = Listed | Changed | Moving | ConsoleMoved | Stopped | Gone | Unreachable
