"""What `keyhole demo` shows: a real small Linux under QEMU, made from Debian's packages on first use.

Every step tells its progress through a callback of the caller, and raises `GuestUnavailable` when the machine cannot
carry a real guest, so that the caller can fall back to the simulated one and say why.
"""

from collections.abc import Callable

from keyhole.errors import KeyholeError

Progress = Callable[[str], None]
"""Is told, in one short sentence, what is being done."""


class GuestUnavailable(KeyholeError):
    """There can be no real guest here. The message is one line that says what is missing and, if known, what to do."""
