"""Security type 1, None (RFC 6143 7.2.1): no authentication, no messages."""

from collections.abc import Callable
from typing import ClassVar

from keyhole.protocols.machine import Script
from keyhole.protocols.rfb.constants import SecurityNumber


class NoSecurity:
    """The server trusts everybody who can connect."""

    __slots__ = ()

    number: ClassVar[int] = SecurityNumber.NONE

    def script(self, send: Callable[[bytes], None]) -> Script:
        yield from ()
