"""Lists that an API returns page by page."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar


class Listed(Protocol):
    """An item of a list, identified by its id."""

    @property
    def id(self) -> str:
        """Its id; the last item's is the marker for the next page."""


ListedT = TypeVar("ListedT", bound=Listed)


def all_pages(
    ask: Callable[[dict[str, str]], tuple[Sequence[ListedT], bool]], query: dict[str, str]
) -> Iterator[ListedT]:
    """All items of a list, from all its pages.

    `ask` gets one page by its query: its items, and whether the answer says that there are more. A page without any new
    item is the last one.
    """
    seen: set[str] = set()
    while True:
        page, is_more = ask(query)
        new = [one for one in page if one.id not in seen]
        yield from new
        if not new or not is_more:
            return
        seen.update(one.id for one in new)
        # By the marker, not the page's link: that may name a host which must not receive the token.
        query = query | {"marker": page[-1].id}
