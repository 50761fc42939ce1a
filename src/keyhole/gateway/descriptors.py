"""Notices when the process has no file descriptors left, and makes room."""

import errno
import os
from collections.abc import Callable

from keyhole.telemetry.telemetry import Telemetry

TELL_EVERY_SECONDS = 60

_SHORT = (errno.EMFILE, errno.ENFILE)


class Descriptors:
    """Looks once a second whether one more file could be opened: the loop drops connections without a word (EMFILE).

    There is one for a process, whatever serves connections in it.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._make_room: list[Callable[[], int]] = []
        self._quiet_seconds = 0

    def add(self, make_room: Callable[[], int]) -> None:
        """`make_room` closes what can be spared somewhere, and returns how many connections that were."""
        self._make_room.append(make_room)

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
        closed = sum(make_room() for make_room in self._make_room)
        if not self._quiet_seconds:
            self._quiet_seconds = TELL_EVERY_SECONDS
            self._telemetry.service_degraded(
                "descriptors",
                f"No file descriptors are left ({error.strerror}), so new connections fail; {closed} idle connections "
                "were closed. Allow more (LimitNOFILE=), or lower the limits of connections.",
            )
