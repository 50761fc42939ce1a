"""The guest of `keyhole demo`: a small real Linux under QEMU, built from Debian's packages on first use.

Every step reports its progress to the caller's callback, and raises `GuestUnavailable` if the machine cannot run a real
guest, so that the caller can fall back to the simulated one and say why.
"""

from collections.abc import Callable

from keyhole.errors import KeyholeError

Progress = Callable[[str], None]
"""Called with one short sentence about each step."""


class GuestUnavailable(KeyholeError):
    """This machine cannot run a real guest. The message is one line that says what is missing and, if known, a fix."""
