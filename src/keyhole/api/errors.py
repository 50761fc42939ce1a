"""Failures as HTTP: which status and headers a refusal has, on every surface.

The format of an answer (Nova's fault, Keystone's error, RFC 9457's problem, a page's text) depends on the surface.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from keyhole.errors import Refusal
from keyhole.reasons import Reason
from keyhole.statuses import STATUSES

RETRY_AFTER_SECONDS = 30
"""What a 429 answers in Retry-After when the refusal itself does not know."""

MAX_LOGGED_CHARACTERS = 300
"""How much of a refusal's message, which may quote the request, goes to the log."""

FAULT_NAMES: Mapping[int, str] = MappingProxyType(
    {
        400: "badRequest",
        401: "unauthorized",
        403: "forbidden",
        404: "itemNotFound",
        405: "badMethod",
        409: "conflictingRequest",
        413: "overLimit",
        415: "badMediaType",
        429: "overLimit",
        501: "notImplemented",
        503: "serviceUnavailable",
    }
)
"""Names of Nova's faults by status; any other status is a computeFault."""


class RequestRefused(Refusal):
    """A request that the HTTP layer itself refuses: it has a status and may add header lines."""

    def __init__(self, status: int, reason: Reason, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(reason, message)
        self.status = status
        self.headers = headers


def internal_error() -> RequestRefused:
    """What a client is told about a defect in Keyhole: nothing more than that."""
    return RequestRefused(
        500, Reason.INTERNAL_ERROR, "Something went wrong in Keyhole; it has been logged with this request's id."
    )


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    if isinstance(refusal, RequestRefused):
        return refusal.status
    return STATUSES[refusal.reason].api or 500


def headers_of(refusal: Refusal) -> list[tuple[str, str]]:
    """The header lines that go with a refusal, whatever the surface: Retry-After, Connection."""
    headers = list(refusal.headers) if isinstance(refusal, RequestRefused) else []
    status = status_of(refusal)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        seconds = getattr(refusal, "retry_after_seconds", RETRY_AFTER_SECONDS)
        headers.append(("Retry-After", str(int(seconds))))
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE):
        # The rest of the body is not read: the connection cannot be used again.
        headers.append(("Connection", "close"))
    return headers


def fault_name(status: int) -> str:
    """Nova's name for a fault of this status."""
    return FAULT_NAMES.get(status, "computeFault")


def title_of(status: int) -> str:
    """The status in words, as Keystone's errors and plain pages show it."""
    return HTTPStatus(status).phrase


def loggable(message: str) -> str:
    """The message as one bounded line of printable ASCII: it may quote untrusted input."""
    return ascii(message[:MAX_LOGGED_CHARACTERS])[1:-1]
