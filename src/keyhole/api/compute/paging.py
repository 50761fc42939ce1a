"""Pages of lists: their size, where they start, and the link to the next page."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

from keyhole.api.compute.call import Call
from keyhole.api.errors import RequestRefused
from keyhole.reasons import Reason

MAX_PAGE = 1000
"""The largest page, and the page without `limit`."""

Item = TypeVar("Item")


def limit_of(call: Call) -> int:
    """The page's maximum size. Raises RequestRefused (400)."""
    for name in ("page_size", "offset"):
        _whole_number(call, name)
    limit = _whole_number(call, "limit")
    return MAX_PAGE if limit is None else min(limit, MAX_PAGE)


def after_marker(call: Call, items: list[Item], id_of: Callable[[Item], str]) -> list[Item]:
    """The items after the one that `marker` names. Raises RequestRefused (400) if there is no such item."""
    marker = call.query.get("marker")
    if not marker:
        return items
    for position, item in enumerate(items):
        if id_of(item) == marker:
            return items[position + 1 :]
    raise RequestRefused(400, Reason.REQUEST_MALFORMED, f"marker [{marker[:255]}] not found")


def next_link(call: Call, limit: int, count: int, last_id: str, *path: str) -> dict[str, Any]:
    """`<collection>_links` when the page is full, as there may be more."""
    if not count or count < limit:
        return {}
    arguments = dict(sorted(call.query.multi_items())) | {"marker": last_id}
    href = f"{call.links.to(*path)}?{urlencode(arguments)}"
    return {f"{path[0]}_links": [{"rel": "next", "href": href}]}


def _whole_number(call: Call, name: str) -> int | None:
    text = call.query.get(name)
    if text is None:
        return None
    digits = text.strip()
    negative = digits.startswith("-")
    if not digits.removeprefix("-").isdecimal():
        raise _invalid(name, "must be an integer")
    if negative:
        raise _invalid(name, "must be >= 0")
    return int(digits.lstrip("0")[:9] or "0")


def _invalid(name: str, wrong: str) -> RequestRefused:
    return RequestRefused(400, Reason.REQUEST_MALFORMED, f"Invalid input received: {name} {wrong}")
