"""The same measurement made of several contestants in turn, and what came out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

KEYHOLE = "keyhole"
BASELINE = "websockify"
LIMIT = "haproxy"
BARE = "bare route"
NOVA = "nova"
NOVNCPROXY = "nova-novncproxy"

Figures = Mapping[str, float]
"""Named figures of one round, units in the names. The first is the cost that contestants are compared by."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over all rounds."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What every contestant needed for the same work."""

    title: str
    rounds: Mapping[str, list[Figures]]

    @property
    def figures(self) -> list[str]:
        """The names of all figures, the cost first."""
        return list(dict.fromkeys(name for rounds in self.rounds.values() for figures in rounds for name in figures))

    def spread(self, contestant: str, figure: str) -> Spread | None:
        """A contestant's figure; None when it has no such figure."""
        values = [figures[figure] for figures in self.rounds[contestant] if figure in figures]
        return Spread(median(values), min(values), max(values)) if values else None

    def cheaper(self, contestant: str, than: str) -> float | None:
        """How often the contestant's cost fits into the other's, by medians; None when that cannot be said."""
        if contestant not in self.rounds or than not in self.rounds:
            return None
        cost = self.figures[0]
        ours, theirs = self.spread(contestant, cost), self.spread(than, cost)
        if ours is None or theirs is None or ours.median <= 0:
            return None
        return theirs.median / ours.median


def compare(title: str, contestants: Mapping[str, Callable[[], Figures]], rounds: int) -> Comparison:
    """Measures A B C, A B C and so on, so that a noisy moment of the machine does not fall on one alone."""
    measured: dict[str, list[Figures]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, measure in contestants.items():
            measured[name].append(measure())
    return Comparison(title, measured)
