"""What the use cases need of a relay, and what a relay tells its taps.

Implementations live in relay/. Sockets stay there: the core asks a relay, and ends it.
"""

from typing import Protocol as Interface

from keyhole.reasons import Reason

VIEWER_CHECKS = 3
"""How often a viewer is asked for a sign of life until it counts as lost."""


class Tap(Interface):
    """Sees what a console's line carries. Called on the byte path: returns at once, and raises nothing."""

    def target_sent(self, data: bytes, at: float) -> None:
        """Bytes of the target's, as the viewers get them; `at` is the event loop's monotonic clock, in seconds."""

    def viewer_sent(self, data: bytes, at: float) -> None:
        """A viewer's input that was accepted, as the target gets it."""

    def line_closed(self) -> None:
        """The line is closed: nothing follows."""


class Relay(Interface):
    """What carries a session's bytes."""

    @property
    def last_input_at(self) -> float:
        """When the viewer last gave real input (keys, pointer, pasted text); screen updates do not count."""

    @property
    def traffic_bytes(self) -> tuple[int, int]:
        """How many bytes went to the viewer and to the target so far."""

    @property
    def buffered_bytes(self) -> int:
        """How many bytes wait to be sent, to both sides together."""

    def end(self, reason: Reason, detail: str = "") -> None:
        """Ends the session; the first reason given is the one that counts."""

    def refill(self) -> None:
        """Called once a second: the viewer may send as many messages again as it may in a second."""

    def check_viewer(self) -> None:
        """Called VIEWER_CHECKS times in `keepalive_timeout_seconds`; ends the session when the viewer answered none."""

    def set_view_only(self, view_only: bool) -> None:
        """Takes the viewer's input away, or allows it, from the next message on.

        Keys and buttons that it holds are released first. A message that is half sent is completed or withheld, as it
        was begun.
        """

    def add_tap(self, tap: Tap) -> None:
        """Has a tap see all that the console's line carries from now on."""

    def remove_tap(self, tap: Tap) -> None:
        """A tap has seen enough. One that was never added is ignored."""
