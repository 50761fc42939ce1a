"""How much of each resource may be in use at once: the limits' values, and the slots that are counted.

Pure counters: no clock, no socket, no settings. 0 means no limit, wherever a limit is a number.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

from keyhole.errors import LimitReached
from keyhole.protocols.rfb.constants import CUT_TEXT_LIMIT_BYTES
from keyhole.protocols.websocket.frames_in import MAX_FRAME, MAX_MESSAGE
from keyhole.reasons import Reason


def share_of(limit: int, processes: int) -> int:
    """The share of a limit for each of this many processes, which count separately.

    Together no more than the limit, but at least one each, so that all can serve.
    """
    return max(1, limit // processes) if limit else 0


@dataclass(frozen=True, slots=True)
class HandshakeLimits:
    """How many connections may be in the process of being set up at once, in one process."""

    total: int = 0
    per_address: int = 0


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How much one session's viewer may send."""

    frame_bytes: int = MAX_FRAME
    message_bytes: int = MAX_MESSAGE
    cut_text_bytes: int = CUT_TEXT_LIMIT_BYTES
    messages_per_second: int = 0


_SAYS: Mapping[Reason, str] = {
    Reason.LIMIT_SESSIONS: "{} consoles are open here, as many as are allowed",
    Reason.LIMIT_USER: "you have {} open consoles, as many as are allowed",
    Reason.LIMIT_PROJECT: "the project has {} open consoles, as many as are allowed",
    Reason.LIMIT_SERVER: "the server has {} open consoles, as many as are allowed",
    Reason.LIMIT_HANDSHAKES: "{} connections are being set up here, as many as are allowed",
    Reason.LIMIT_ADDRESS: "{} connections are being set up from this address, as many as are allowed",
}


class Slots:
    """Slots of several kinds, each kind with a limit for one holder: `{Reason.LIMIT_USER: 100}`.

    A kind is identified by the reason for which one more is refused. A holder is any text, such as a user's id.
    """

    def __init__(self, limits: Mapping[Reason, int]) -> None:
        self._limits = limits
        self._taken: dict[Reason, Counter[str]] = {kind: Counter() for kind in limits}

    def take(self, claims: Mapping[Reason, str], elsewhere: Mapping[Reason, int] | None = None) -> "Slot":
        """One slot of each kind for these holders. Raises LimitReached, in which case nothing is taken.

        `elsewhere` is how many slots these holders have taken that this object does not count.
        """
        slot = Slot(self)
        slot.add(claims, elsewhere)
        return slot

    def taken(self, kind: Reason) -> int:
        """How many slots of a kind all holders together have taken."""
        return self._taken[kind].total()

    def _take(self, claims: Mapping[Reason, str], elsewhere: Mapping[Reason, int]) -> None:
        for kind, holder in claims.items():
            most = self._limits[kind]
            if most and self._taken[kind][holder] + elsewhere.get(kind, 0) >= most:
                raise LimitReached(kind, _SAYS[kind].format(most))
        for kind, holder in claims.items():
            self._taken[kind][holder] += 1

    def _release(self, kind: Reason, holder: str) -> None:
        counts = self._taken[kind]
        counts[holder] -= 1
        if not counts[holder]:
            del counts[holder]


class Slot:
    """The slots that were taken, until they are released; as a context manager, at its end."""

    __slots__ = ("_claims", "_slots")

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._claims: dict[Reason, str] = {}

    def __enter__(self) -> "Slot":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def add(self, claims: Mapping[Reason, str], elsewhere: Mapping[Reason, int] | None = None) -> None:
        """Takes slots of more kinds. Raises LimitReached, in which case the slots taken before are kept."""
        self._slots._take(claims, elsewhere or {})
        self._claims |= claims

    def transfer(self) -> "Slot":
        """The same slots, for another owner who will release them; this object then holds none."""
        other = Slot(self._slots)
        self._claims, other._claims = {}, self._claims
        return other

    def release(self) -> None:
        """Releases the slots; further calls do nothing."""
        claims, self._claims = self._claims, {}
        for kind, holder in claims.items():
            self._slots._release(kind, holder)
