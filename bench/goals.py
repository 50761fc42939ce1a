"""What Keyhole aims at, and what a run says about each aim.

A value is what `measured` names: a ratio (more is better) or an amount (less is better).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench import footprint, growth, relay, setup
from bench.comparison import BASELINE, KEYHOLE, LIMIT, Comparison

Results = Mapping[str, Comparison]
"""The comparisons of a run by their titles."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One aim: what must be reached, and what is wished for."""

    what: str
    measured: str
    must: float
    wished: float
    value: Callable[[Results], float | None]
    more_is_better: bool = True

    def verdict(self, value: float) -> str:
        """How far a value goes."""
        for least, word in ((self.wished, "goal reached"), (self.must, "reached")):
            if value >= least if self.more_is_better else value <= least:
                return word
        return "not reached"


def _ratio(title: str, other: str = BASELINE) -> Callable[[Results], float | None]:
    return lambda results: results[title].cheaper(KEYHOLE, other) if title in results else None


def _amount(title: str, figure: str, other: str | None = None) -> Callable[[Results], float | None]:
    """Keyhole's figure, less that of `other`."""

    def value(results: Results) -> float | None:
        if title not in results:
            return None
        ours = results[title].spread(KEYHOLE, figure)
        theirs = results[title].spread(other, figure) if other and other in results[title].rounds else None
        if ours is None or (other and theirs is None):
            return None
        return ours.median - (theirs.median if theirs else 0.0)

    return value


_TIMES = "websockify / Keyhole"
_TIMES_TLS = "HAProxy / Keyhole"

GOALS = (
    Goal("64 KiB flood, 1 session: CPU per GB", _TIMES, 2.8, 3.5, _ratio(relay.FLOOD_ONE)),
    Goal("64 KiB flood, 50 sessions: CPU per GB", _TIMES, 2, 5, _ratio(relay.FLOOD_MANY)),
    Goal("16 KiB messages, each answered by a key", _TIMES, 6, 10, _ratio(relay.MESSAGES_16K)),
    Goal("1 KiB messages, each answered by a key", _TIMES, 8, 12, _ratio(relay.MESSAGES_1K)),
    Goal("new session: CPU", _TIMES, 8, 20, _ratio(setup.NEW_SESSIONS)),
    Goal("TLS to the viewer: CPU per GB", _TIMES_TLS, 1 / 1.1, 1 / 0.75, _ratio(relay.TLS_FLOOD, LIMIT)),
    Goal(
        "memory of a session at rest, of 1000",
        "KB",
        8.2,
        3.1,
        _amount(footprint.AT_REST, f"KB/session of {footprint.MANY}"),
        more_is_better=False,
    ),
    Goal(
        "memory growth, viewer does not read",
        "MB",
        1,
        0.3,
        _amount(footprint.VIEWERS_STOP, "growth MB/session"),
        more_is_better=False,
    ),
    Goal(
        "memory growth, target does not read",
        "MB",
        1,
        0.3,
        _amount(footprint.TARGETS_STOP, "growth MB/session"),
        more_is_better=False,
    ),
    Goal(
        "added p50 over HAProxy, 1000 sessions",
        "us",
        100,
        25,
        _amount(growth.title(growth.COMPARED), "message p50 us", LIMIT),
        more_is_better=False,
    ),
    Goal("sessions in one process", "opened", 5000, 10_000, _amount(growth.title(10_000), "opened")),
)
