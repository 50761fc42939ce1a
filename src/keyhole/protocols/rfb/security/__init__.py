"""RFB security types that we speak as a client towards hypervisors, one module each."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from keyhole.protocols.machine import Script

NAMED_AT_MOST = 8


class SecurityType(Protocol):
    """A security type: its number, and what is said once the server and we have settled on it."""

    @property
    def number(self) -> int:
        """The type's number on the wire (RFC 6143 8.1.1), or VeNCrypt's number for it."""

    def script(self, send: Callable[[bytes], None]) -> Script:
        """From after the choice to before the SecurityResult; `send` queues one message."""


def named(numbers: Iterable[int], names: Mapping[int, str]) -> str:
    """Numbers of types as people read them: `None (1), 16`; a long list in part."""
    shown = list(dict.fromkeys(numbers))[:NAMED_AT_MOST]
    return ", ".join(f"{names[n]} ({int(n)})" if n in names else str(int(n)) for n in shown) or "none"
