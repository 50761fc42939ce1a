"""What the use cases need from a relay, and what a relay passes to its taps.

Implementations are in relay/. Sockets stay there: the core only queries a relay and ends it.
"""

from typing import Protocol as Interface

from keyhole.reasons import Reason

VIEWER_CHECKS = 3
"""How often a viewer is checked before it counts as lost."""


class Tap(Interface):
    """Sees what a console's line carries. Called on the byte path: must return at once and never raise."""

    def target_sent(self, data: bytes, at: float) -> None:
        """Bytes from the target, as the viewers get them; `at` is the event loop's monotonic clock, in seconds."""

    def viewer_sent(self, data: bytes, at: float) -> None:
        """A viewer's input that was accepted, as the target gets it."""

    def line_closed(self) -> None:
        """The line is closed: nothing follows."""


class Relay(Interface):
    """Carries a session's bytes."""

    @property
    def last_input_at(self) -> float:
        """When the viewer last gave real input (keys, pointer, pasted text); screen updates do not count."""

    @property
    def traffic_bytes(self) -> tuple[int, int]:
        """How many bytes went to the viewer and to the target so far."""

    @property
    def buffered_bytes(self) -> int:
        """How many bytes are queued, for both sides together."""

    def end(self, reason: Reason, detail: str = "") -> None:
        """Ends the session; the first reason given is the one that counts."""

    def refill(self) -> None:
        """Called once a second: refills the viewer's message allowance."""

    def check_viewer(self) -> None:
        """Called VIEWER_CHECKS times in `keepalive_timeout_seconds`; ends the session if the viewer answered none of
        them.
        """

    def set_view_only(self, view_only: bool) -> None:
        """Blocks or allows the viewer's input, from the next message on.

        Keys and buttons that it holds are released first. A message that is partly sent is completed or withheld,
        depending on how it began.
        """

    def add_tap(self, tap: Tap) -> None:
        """Adds a tap, which sees everything that the console's line carries from now on."""

    def remove_tap(self, tap: Tap) -> None:
        """Removes a tap. One that was never added is ignored."""
