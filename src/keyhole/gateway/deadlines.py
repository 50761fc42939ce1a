"""How long each step of a connection may take, in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Target and viewer deadlines cover the whole step, however the peer spreads its bytes over it."""

    head: float = 10.0
    """A request head, from its first byte (or from the connection's start)."""
    target: float = 9.0
    """Reaching the target and its handshake together: a person is told within ten seconds. Half of it may pass while
    others have their turn at the same server."""
    viewer: float = 20.0
    """The viewer's handshake: three round trips over a bad line."""
    keepalive_timeout: float = 45.0
    """How long a peer of a running session may answer nothing before it counts as gone."""
    linger: float = 3.0
    """How long a peer may take to read its goodbye before the line is cut."""
