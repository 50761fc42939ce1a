"""What is counted, as plain values that processes tell each other, and their sum over all processes.

The supervisor uses this too, so nothing of prometheus_client is imported here (`exposition.py` does).
"""

from collections.abc import Iterable
from typing import Any

Family = list[Any]
"""[name, type, help, samples]; a sample is [name, {label: value}, number]. Made of JSON's types only."""

KEPT = frozenset({"counter", "histogram"})
"""The types whose numbers stay true when the process that counted them has ended."""


def total(families: Iterable[Family]) -> list[Family]:
    """Each sample once, its numbers added up; in the order in which they were first seen."""
    sums: dict[str, Family] = {}
    places: dict[tuple[str, tuple[tuple[str, str], ...]], list[Any]] = {}
    for name, kind, text, samples in families:
        family = sums.setdefault(name, [name, kind, text, []])
        for sample, labels, number in samples:
            key = (sample, tuple(sorted(labels.items())))
            if key in places:
                places[key][2] += number
            else:
                places[key] = [sample, labels, number]
                family[3].append(places[key])
    return list(sums.values())


def kept(families: Iterable[Family]) -> list[Family]:
    """What remains of an ended process's families: no gauge, which told how things were then."""
    return [family for family in families if family[1] in KEPT]
