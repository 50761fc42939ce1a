"""How long each step of a connection may take, in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Target and viewer deadlines cover the whole step, however the peer spreads its bytes."""

    head: float = 10.0
    """A request head, from its first byte (or from the connection's start)."""
    target: float = 9.0
    """Connecting to the target and its handshake together: users get an answer within ten seconds. Up to half of it may
    be spent in the server's dial queue."""
    viewer: float = 20.0
    """The viewer's handshake: three round trips over a bad connection."""
    keepalive_timeout: float = 45.0
    """How long a peer of a running session may be silent before it counts as lost."""
    linger: float = 3.0
    """How long a peer may take to read its last message before the connection is aborted."""
