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
        self._patterns: dict[tuple[str, int], list[tuple[_Pattern, tuple[RowT, ...]]]] = defaultdict(list)
        self._addresses = [(method, _Pattern(path)) for method, path in grouped]
        for (method, pattern), found in zip(self._addresses, grouped.values(), strict=True):
            self._patterns[method, pattern.length].append((pattern, tuple(found)))

    def find(self, method: str, segments: Sequence[str]) -> Match[RowT] | None:
        """The rows at a path, given as the parts between its slashes including the empty one before the first.

        An empty part does not match a parameter.
        """
        for pattern, rows in self._patterns.get((method, len(segments)), ()):
            parameters = pattern.match(segments)
            if parameters is not None:
                return Match(rows, parameters)
        return None

    def methods_at(self, segments: Sequence[str]) -> list[str]:
        """Which methods are answered at a path, in the order of the table."""
        return [
            method
            for method, pattern in self._addresses
            if pattern.length == len(segments) and pattern.match(segments) is not None
        ]


class _Pattern:
    """A path of the table: which of its segments are fixed and which are parameters."""

    def __init__(self, path: str) -> None:
        segments = path.split("/")
        self.length = len(segments)
        self._fixed = [(at, one) for at, one in enumerate(segments) if not one.startswith("{")]
        self._named = [(at, one[1:-1]) for at, one in enumerate(segments) if one.startswith("{")]

    def match(self, segments: Sequence[str]) -> dict[str, str] | None:
        """The parameters' values in as many segments as this has; None for another path."""
        for at, expected in self._fixed:
            if segments[at] != expected:
                return None
        parameters = {}
        for at, name in self._named:
            if not segments[at]:
                return None
            parameters[name] = segments[at]
        return parameters
