"""Metrics as plain values that processes exchange, and their sum over all processes.

The supervisor uses this module too, so it does not import prometheus_client (`exposition.py` does).
"""

from collections.abc import Iterable
from typing import Any

Family = list[Any]
"""[name, type, help, samples]; a sample is [name, {label: value}, number]. Made of JSON's types only."""

KEPT = frozenset({"counter", "histogram"})
"""The types whose numbers stay valid after the process that counted them has ended."""


def total(families: Iterable[Family]) -> list[Family]:
    """Each sample once with the sum of its numbers, in order of first appearance."""
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


def without_gauges(families: Iterable[Family]) -> list[Family]:
    """The families of an ended process that still count: all except gauges."""
    return [family for family in families if family[1] in KEPT]
