"""The base class of all tables of the settings, and the check that their names are unique."""

from collections import Counter
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One table of the file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def refuse_duplicates(kind: str, names: Iterable[str]) -> None:
    """Raises ValueError for the first of the names that occurs more than once; `kind` says what it is the name of."""
    for name, count in Counter(names).items():
        if count > 1:
            raise ValueError(f"{kind} {name!r} is listed twice")
