"""The router of all surfaces: finds the rows of a table of calls that match a method and path."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Row(Protocol):
    """A row of a table."""

    @property
    def method(self) -> str:
        """Its HTTP method."""

    @property
    def path(self) -> str:
        """The path with its parameters in braces, each a whole segment: `/servers/{server_id}`."""


RowT = TypeVar("RowT", bound=Row)


@dataclass(frozen=True, slots=True)
class Match(Generic[RowT]):
    """The rows at a path, which share method and path, and the path's parameters."""

    rows: tuple[RowT, ...]
    parameters: Mapping[str, str]


class PathTable(Generic[RowT]):
    """Rows by method and path; if several paths match, the first of the table counts.

    With `head` a GET row answers HEAD too.
    """

    def __init__(self, rows: Iterable[RowT], *, head: bool = False) -> None:
        grouped: dict[tuple[str, str], list[RowT]] = defaultdict(list)
        for row in rows:
            for method in ("GET", "HEAD") if head and row.method == "GET" else (row.method,):
                grouped[method, row.path].append(row)
        self._patterns: dict[tuple[str, int], list[tuple[tuple[str, ...], tuple[RowT, ...]]]] = defaultdict(list)
        self._addresses = [(method, tuple(path.split("/"))) for method, path in grouped]
        for (method, pattern), found in zip(self._addresses, grouped.values(), strict=True):
            self._patterns[method, len(pattern)].append((pattern, tuple(found)))

    def find(self, method: str, segments: Sequence[str]) -> Match[RowT] | None:
        """The rows at a path, given as the parts between its slashes including the empty one before the first.

        An empty part does not match a parameter.
        """
        for pattern, rows in self._patterns.get((method, len(segments)), ()):
            parameters = _parameters(pattern, segments)
            if parameters is not None:
                return Match(rows, parameters)
        return None

    def methods_at(self, segments: Sequence[str]) -> list[str]:
        """Which methods are answered at a path, in the order of the table."""
        return [
            method
            for method, pattern in self._addresses
            if len(pattern) == len(segments) and _parameters(pattern, segments) is not None
        ]


def _parameters(pattern: tuple[str, ...], segments: Sequence[str]) -> dict[str, str] | None:
    parameters = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if not segment:
                return None
            parameters[expected[1:-1]] = segment
        elif expected != segment:
            return None
    return parameters
