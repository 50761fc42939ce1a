"""A relay without connections, for tests of code that queries and ends relays."""

from dataclasses import dataclass, field

from keyhole.ports.relay import Tap
from keyhole.reasons import Reason


@dataclass
class StillRelay:
    """Records its calls: `looks` counts its seconds, `ended` are the reasons it was given."""

    last_input_at: float = 0.0
    traffic_bytes: tuple[int, int] = (0, 0)
    buffered_bytes: int = 0
    looks: int = 0
    ended: list[Reason] = field(default_factory=list)
    taps: list[Tap] = field(default_factory=list)
    view_only: bool = False

    def refill(self) -> None:
        self.looks += 1

    def end(self, reason: Reason, detail: str = "") -> None:
        self.ended.append(reason)

    def check_viewer(self) -> None:
        return

    def set_view_only(self, view_only: bool) -> None:
        self.view_only = view_only

    def add_tap(self, tap: Tap) -> None:
        self.taps.append(tap)

    def remove_tap(self, tap: Tap) -> None:
        self.taps.remove(tap)
