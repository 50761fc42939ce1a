"""The RFB security types that Keyhole supports as a client towards hypervisors, one module each."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from keyhole.protocols.machine import Script

NAMED_AT_MOST = 8


class SecurityType(Protocol):
    """A security type: its number, and its exchange after it has been chosen."""

    @property
    def number(self) -> int:
        """The type's number on the wire (RFC 6143 8.1.1), or VeNCrypt's number for it."""

    def script(self, send: Callable[[bytes], None]) -> Script:
        """From after the choice to before the SecurityResult; `send` queues one message."""


def named(numbers: Iterable[int], names: Mapping[int, str]) -> str:
    """The types' names and numbers for messages: `None (1), 16`; a long list is truncated."""
    shown = list(dict.fromkeys(numbers))[:NAMED_AT_MOST]
    return ", ".join(f"{names[n]} ({int(n)})" if n in names else str(int(n)) for n in shown) or "none"
