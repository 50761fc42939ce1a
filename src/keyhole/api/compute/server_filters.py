"""Which servers match a list's query arguments, and in which order.

Filters by things that no server has here (images, addresses, tags ...) match none.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from keyhole.api.compute.call import Call
from keyhole.api.compute.flavors import flavor_of
from keyhole.api.compute.query import PRIVATE
from keyhole.api.compute.server_query import CHANGES_BEFORE, JOINED, LOCKED, TAGS
from keyhole.api.compute.server_view import STATES
from keyhole.api.compute.versions import OLDEST, Microversion
from keyhole.api.errors import RequestRefused
from keyhole.errors import Forbidden
from keyhole.model import Server, ServerStatus
from keyhole.reasons import Reason

Test = Callable[[Server, str], bool]

_STATUSES = """
ACTIVE BUILD DELETED ERROR HARD_REBOOT MIGRATING PASSWORD PAUSED REBOOT REBUILD RESCUE RESIZE REVERT_RESIZE
SHELVED SHELVED_OFFLOADED SHUTOFF SOFT_DELETED SUSPENDED VERIFY_RESIZE
"""
STATUSES = frozenset(_STATUSES.split())
DELETED = "DELETED"
WRONG_STATUS_REFUSED_FROM = Microversion(2, 38)
MORE_FILTERS = Microversion(2, 83)

_YES = frozenset({"1", "t", "true", "on", "y", "yes"})
_NO = frozenset({"0", "f", "false", "off", "n", "no"})


def _nothing(_server: Server, _value: str) -> bool:
    return False


def _for_all(since: Microversion, names: Iterable[str], test: Test) -> dict[str, tuple[Microversion, Test]]:
    return dict.fromkeys(names, (since, test))


_FILTERS: Mapping[str, tuple[Microversion, Test]] = MappingProxyType(
    _for_all(OLDEST, ("image", "ip", "reservation_id"), _nothing)
    | _for_all(OLDEST, ("flavor",), lambda server, value: flavor_of(server).id == value)
    | _for_all(OLDEST, ("changes-since",), lambda server, value: server.created_at >= _seconds(value))
    | _for_all(Microversion(2, 5), ("ip6",), _nothing)
    | _for_all(TAGS, ("tags", "tags-any"), _nothing)
    | _for_all(CHANGES_BEFORE, ("changes-before",), lambda server, value: server.created_at <= _seconds(value))
    | _for_all(LOCKED, ("locked",), lambda _, value: value.strip().lower() in _NO)
    | _for_all(MORE_FILTERS, ("availability_zone", "key_name", "user_id", "launched_at", "terminated_at"), _nothing)
    | _for_all(MORE_FILTERS, ("vm_state",), lambda server, value: STATES[server.status][0] == value)
    | _for_all(MORE_FILTERS, ("task_state",), lambda server, value: server.task_state == value)
    | _for_all(MORE_FILTERS, ("power_state",), lambda server, value: str(STATES[server.status][1]) == value)
)
"""The filters that everybody may use, and the microversion that introduced each."""

_ADMIN_FILTERS: Mapping[str, Test] = MappingProxyType(
    {
        "host": lambda server, value: server.host == value,
        "node": lambda server, value: server.host == value,
        "uuid": lambda server, value: server.id == value,
        "deleted": lambda _, value: value.lower() not in _YES,
    }
)

_SORTS: Mapping[str, Callable[[Server], object]] = MappingProxyType(
    {
        "created_at": lambda server: server.created_at,
        "updated_at": lambda server: server.created_at,
        "display_name": lambda server: server.name,
        "uuid": lambda server: server.id,
        "project_id": lambda server: server.project_id,
        "host": lambda server: server.host,
        "node": lambda server: server.host,
        "vm_state": lambda server: STATES[server.status][0] or "",
        "power_state": lambda server: STATES[server.status][1],
        "task_state": lambda server: server.task_state or "",
    }
)


def filtered(call: Call, servers: list[Server]) -> list[Server]:
    """The servers that match every argument. Raises RequestRefused (400), Forbidden."""
    _refuse_fields(call)
    statuses = _statuses(call)
    if statuses is not None:
        servers = [server for server in servers if server.status in statuses]
    if "locked" in call.query and call.version >= LOCKED:
        parse_boolean(call.query["locked"])
    _refuse_empty_span(call)
    for test, value in _tests(call):
        servers = [server for server in servers if test(server, value)]
    return servers


def in_order(call: Call, servers: list[Server]) -> list[Server]:
    """The servers as `sort_key` and `sort_dir` say; the newest first without them. Raises RequestRefused, Forbidden."""
    keys = [key.strip() for key in call.query.getlist("sort_key")] or ["created_at"]
    directions = [direction.strip() for direction in call.query.getlist("sort_dir")] or ["desc"]
    for key in keys:
        if key in ("host", "node") and not call.identity.is_admin:
            raise Forbidden(f"Only administrators can sort servers by {key}")
    if not {"asc", "desc"}.issuperset(directions):
        raise _refused("Invalid input received: Unknown sort direction, must be 'desc' or 'asc'")
    directions += directions[:1] * (len(keys) - len(directions))
    for key, direction in reversed(list(zip(keys, directions, strict=False))):
        if key in _SORTS:
            servers = sorted(servers, key=_SORTS[key], reverse=direction == "desc")  # type: ignore[arg-type]
    return servers


def parse_boolean(value: str) -> bool:
    """The meaning of a word for yes or no. Raises RequestRefused (400)."""
    word = value.strip().lower()
    if word not in _YES | _NO:
        known = ", ".join(repr(word) for word in sorted(_YES | _NO))
        raise _refused(f"Unrecognized value {value[:100]!r}, acceptable values are: {known}")
    return word in _YES


def _refuse_fields(call: Call) -> None:
    """An admin may filter by anything, and gets an error for unsupported filters; for others these are ignored."""
    if call.identity.is_admin:
        for name in call.query:
            if name in JOINED or name.startswith(PRIVATE):
                raise _refused(f"Invalid filter field: {name[:255]}.")


def _statuses(call: Call) -> set[str] | None:
    if "status" not in call.query:
        return None
    statuses = {status.upper() for status in call.query.getlist("status")} & STATUSES
    if not statuses and call.version >= WRONG_STATUS_REFUSED_FROM:
        raise _refused(f"Invalid status value; the values are {', '.join(sorted(STATUSES))}.")
    if statuses == {DELETED} and not call.identity.is_admin:
        raise Forbidden("Only administrators may list deleted instances")
    # A migrating server is an active one whose task is to migrate.
    return statuses | {ServerStatus.MIGRATING} if ServerStatus.ACTIVE in statuses else statuses


def _refuse_empty_span(call: Call) -> None:
    since, before = call.query.get("changes-since"), call.query.get("changes-before")
    if since and before and call.version >= CHANGES_BEFORE and _seconds(before) < _seconds(since):
        raise _refused("The value of changes-since must be less than or equal to changes-before.")


def _tests(call: Call) -> Iterable[tuple[Test, str]]:
    for name, (since, test) in _FILTERS.items():
        if name in call.query and call.version >= since:
            yield test, call.query[name]
    if call.identity.is_admin:
        yield from ((test, call.query[name]) for name, test in _ADMIN_FILTERS.items() if name in call.query)


def _seconds(text: str) -> float:
    """A time of ISO 8601 in seconds since the epoch; one without a zone is in UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _refused("Invalid filter field: changes-since.") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _refused(message: str) -> RequestRefused:
    return RequestRefused(400, Reason.REQUEST_MALFORMED, message)
