"""Query arguments: which ones a call accepts at a microversion, and which values are valid.

Calls ignore unknown arguments up to some microversion and refuse them from then on. The messages are Nova's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from keyhole.api.compute.schema import Invalid, Schema, check_parameter, refuse_unknown
from keyhole.api.compute.versions import NEWEST, OLDEST, Microversion

PRIVATE = "_"
"""The prefix of names that are not an argument of any call."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One query argument in a range of microversions; each of its values must fit the schema."""

    name: str
    schema: Schema
    oldest: Microversion = OLDEST
    newest: Microversion = NEWEST


@dataclass(frozen=True, slots=True)
class QueryRules:
    """The arguments of a call. `closed_from` is the microversion that first refuses others, None when none does.

    With `private`, names that begin with an underscore are left to the call itself.
    """

    arguments: Sequence[Argument] = ()
    closed_from: Microversion | None = None
    private: bool = False

    def known(self, version: Microversion) -> list[Argument]:
        """The arguments that exist at a microversion."""
        return [argument for argument in self.arguments if argument.oldest <= version <= argument.newest]

    def accept(self, query: QueryParams, version: Microversion) -> QueryParams:
        """The known arguments. Raises Invalid for the first wrong value, otherwise for unknown names."""
        if not query:
            return query
        known = self.known(version)
        for argument in known:
            for value in query.getlist(argument.name):
                check_parameter(argument.schema, argument.name, value)
        names = {argument.name for argument in known}
        if self.closed_from is not None and version >= self.closed_from:
            self._refuse_others(query, names)
        return QueryParams([(name, value) for name, value in query.multi_items() if self._accepts(name, names)])

    def _accepts(self, name: str, known: set[str]) -> bool:
        return name in known or (self.private and name.startswith(PRIVATE))

    def _refuse_others(self, query: QueryParams, known: set[str]) -> None:
        others = query.keys() - known
        if not self.private:
            refuse_unknown(others)
            return
        others = {name for name in others if not self._accepts(name, known)}
        if others:
            listed = ", ".join(map(repr, sorted(others)))
            does = "does" if len(others) == 1 else "do"
            raise Invalid(f"{listed[:1000]} {does} not match any of the regexes: '^{PRIVATE}'")


ANY_QUERY = QueryRules()
