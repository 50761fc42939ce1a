"""Notices when the process has no file descriptors left, and makes room."""

import errno
import os
from collections.abc import Callable

from keyhole.telemetry.telemetry import Telemetry

TELL_EVERY_SECONDS = 60

_SHORT = (errno.EMFILE, errno.ENFILE)


class Descriptors:
    """Looks once a second whether one more file could be opened: the loop drops connections without a word (EMFILE).

    `make_room` closes what can be spared and returns how many that were.
    """

    def __init__(self, telemetry: Telemetry, make_room: Callable[[], int]) -> None:
        self._telemetry = telemetry
        self._make_room = make_room
        self._quiet_seconds = 0

    def look(self) -> None:
        """Called once a second."""
        self._quiet_seconds = max(0, self._quiet_seconds - 1)
        try:
            os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as error:
            self.failed(error)

    def failed(self, error: OSError) -> None:
        """Something could not be opened. Only a lack of descriptors is dealt with here, and told once a minute."""
        if error.errno not in _SHORT:
            return
        closed = self._make_room()
        if not self._quiet_seconds:
            self._quiet_seconds = TELL_EVERY_SECONDS
            self._telemetry.service_degraded(
                "descriptors",
                f"No file descriptors are left ({error.strerror}), so new connections fail; {closed} idle connections "
                "were closed. Allow more (LimitNOFILE=), or lower the limits of connections.",
            )
