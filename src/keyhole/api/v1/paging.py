"""The query arguments of the lists of Keyhole's own API: page size, start, project."""

from collections.abc import Mapping
from types import MappingProxyType

from keyhole.api.compute.answers import TEXT, JsonSchema
from keyhole.api.errors import RequestRefused
from keyhole.api.v1.call import V1Call
from keyhole.errors import Forbidden
from keyhole.reasons import Reason

MAX_PAGE = 1000
"""The largest page, and the page without `limit`."""

PAGE_QUERY: Mapping[str, JsonSchema] = MappingProxyType(
    {
        "limit": {"type": "integer", "minimum": 1},
        "marker": TEXT,
        "all_projects": {"type": "string", "enum": ["0", "1"]},
    }
)

_YES = frozenset({"1", "true", "yes"})
_NO = frozenset({"0", "false", "no"})


def limit_of(call: V1Call) -> int:
    """The page's maximum size. Raises RequestRefused (400)."""
    text = call.request.query_params.get("limit")
    if text is None:
        return MAX_PAGE
    digits = text.lstrip("0")[:9] if text.isascii() and text.isdigit() else ""
    if not digits:
        raise _malformed("limit is a whole number, at least 1.")
    return min(int(digits), MAX_PAGE)


def wants_all_projects(call: V1Call) -> bool:
    """Whether an admin requests all projects. Raises RequestRefused (400), Forbidden."""
    text = call.request.query_params.get("all_projects", "0").lower()
    if text in _NO:
        return False
    if text not in _YES:
        raise _malformed("all_projects is 1 or 0.")
    if not call.identity.is_admin:
        raise Forbidden("Listing all projects requires the role admin.")
    return True


def marker_of(call: V1Call) -> str | None:
    """The item after which the page begins; None for the first page."""
    return call.request.query_params.get("marker")


def no_such_marker(marker: str) -> RequestRefused:
    """400: the marker is not an item that the caller may see."""
    return _malformed(f"marker [{marker[:64]}] not found")


def _malformed(message: str) -> RequestRefused:
    return RequestRefused(400, Reason.REQUEST_MALFORMED, message)
