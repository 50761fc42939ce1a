"""Detects that the process has no file descriptors left, and closes idle connections."""

import errno
import os
from collections.abc import Callable

from keyhole.telemetry.telemetry import Telemetry

TELL_EVERY_SECONDS = 60

_SHORT = (errno.EMFILE, errno.ENFILE)


class Descriptors:
    """Checks once a second whether one more file could be opened: the loop drops connections silently (EMFILE).

    There is one for each process, which all of its servers share.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._close_idle: list[Callable[[], int]] = []
        self._quiet_seconds = 0

    def add(self, close_idle: Callable[[], int]) -> None:
        """`close_idle` closes a server's idle connections and returns how many it closed."""
        self._close_idle.append(close_idle)

    def check(self) -> None:
        """Called once a second."""
        self._quiet_seconds = max(0, self._quiet_seconds - 1)
        try:
            os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as error:
            self.failed(error)

    def failed(self, error: OSError) -> None:
        """Something could not be opened. Only handles a lack of descriptors, which is logged once a minute."""
        if error.errno not in _SHORT:
            return
        closed = sum(close_idle() for close_idle in self._close_idle)
        if not self._quiet_seconds:
            self._quiet_seconds = TELL_EVERY_SECONDS
            self._telemetry.service_degraded(
                "descriptors",
                f"No file descriptors are left ({error.strerror}), so new connections fail; {closed} idle connections "
                "were closed. Allow more (LimitNOFILE=), or lower the limits of connections.",
            )
