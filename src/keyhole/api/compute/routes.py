"""Finds the operations that a path and method mean."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keyhole.api.compute.operations import Operation


@dataclass(frozen=True, slots=True)
class Match:
    """The operations at a path, which differ in microversions or action, and the path's parameters."""

    operations: tuple[Operation, ...]
    parameters: Mapping[str, str]


class Routes:
    """The table of operations by method and path; among paths that match, the one that stands first counts."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        grouped: dict[tuple[str, str], list[Operation]] = defaultdict(list)
        for operation in operations:
            grouped[operation.method, operation.path].append(operation)
        self._routes: dict[tuple[str, int], list[tuple[tuple[str, ...], tuple[Operation, ...]]]] = defaultdict(list)
        for (method, path), rows in grouped.items():
            pattern = tuple(path.strip("/").split("/"))
            self._routes[method, len(pattern)].append((pattern, tuple(rows)))

    def find(self, method: str, segments: tuple[str, ...]) -> Match | None:
        """What stands at a path given as its decoded segments; None when nothing does."""
        for pattern, operations in self._routes.get((method, len(segments)), ()):
            parameters = _parameters(pattern, segments)
            if parameters is not None:
                return Match(operations, parameters)
        return None


def _parameters(pattern: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    parameters = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if not segment:
                return None
            parameters[expected[1:-1]] = segment
        elif expected != segment:
            return None
    return parameters
