"""Lists that an API hands out page by page."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar


class Listed(Protocol):
    """What stands in a list, and is told from the others by its id."""

    @property
    def id(self) -> str:
        """Its id, which the next page is asked for by."""


ListedT = TypeVar("ListedT", bound=Listed)


def all_pages(
    ask: Callable[[dict[str, str]], tuple[Sequence[ListedT], bool]], query: dict[str, str]
) -> Iterator[ListedT]:
    """What a list holds, also beyond its first page.

    `ask` gets one page by its query: what stands there, and whether there is said to be more. A page without anything
    new is the last one.
    """
    seen: set[str] = set()
    while True:
        page, is_more = ask(query)
        new = [one for one in page if one.id not in seen]
        yield from new
        if not new or not is_more:
            return
        seen.update(one.id for one in new)
        # By the marker rather than the page's link, which may name a host that the token is not for.
        query = query | {"marker": page[-1].id}
