"""RFB security types that we speak as a client towards hypervisors, one module each."""

from collections.abc import Callable
from typing import Protocol

from keyhole.protocols.machine import Script


class SecurityType(Protocol):
    """A security type: its number, and what is said once the server and we have settled on it."""

    @property
    def number(self) -> int:
        """The type's number on the wire (RFC 6143 8.1.1)."""

    def script(self, send: Callable[[bytes], None]) -> Script:
        """From after the choice to before the SecurityResult; `send` queues one message."""
