import pytest

from keyhole.api.errors import (
    RequestRefused,
    fault_name,
    headers_of,
    internal_error,
    loggable,
    status_of,
    title_of,
)
from keyhole.errors import (
    ConsoleUnavailable,
    Forbidden,
    LogUnavailable,
    NotAuthenticated,
    OriginRefused,
    Refusal,
    ServerBusy,
    ServerNotFound,
    ServerNotReady,
    TokenRefused,
    Unavailable,
)
from keyhole.reasons import Reason
from keyhole.statuses import STATUSES

ENDINGS = {
    Reason.TARGET_CLOSED,
    Reason.TARGET_LOST,
    Reason.TARGET_TLS_FAILED,
    Reason.VIEWER_LOST,
    Reason.VIEWER_TIMEOUT,
    Reason.VIEWER_PROTOCOL_ERROR,
    Reason.VIEWER_REPLACED,
    Reason.LIMIT_FRAME,
    Reason.LIMIT_CUT_TEXT,
    Reason.LIMIT_MESSAGES,
    Reason.LIMIT_BUFFER,
}
"""Reasons that only an open session ends with, and that no ticket remembers."""


def test_every_reason_has_a_status_or_is_an_ending() -> None:
    assert {reason for reason, row in STATUSES.items() if row.api is not None} == set(Reason) - ENDINGS


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (NotAuthenticated(), 401),
        (Forbidden("no"), 403),
        (ServerNotFound("x"), 404),
        (ServerNotReady("x"), 409),
        (ServerBusy("x", "deleting"), 409),
        (ConsoleUnavailable("novnc"), 400),
        (LogUnavailable(), 404),
        (TokenRefused(Reason.TOKEN_USED), 403),
        (OriginRefused(), 403),
        (Unavailable("store"), 503),
        (Refusal(Reason.TOO_MANY_ATTEMPTS), 429),
        (RequestRefused(415, Reason.REQUEST_MALFORMED, "no"), 415),
        (internal_error(), 500),
        (Refusal(Reason.VIEWER_LOST), 500),
    ],
)
def test_status_of_failures(refusal: Refusal, status: int) -> None:
    assert status_of(refusal) == status


def test_too_many_attempts_say_when_to_come_back() -> None:
    assert [name for name, _ in headers_of(Refusal(Reason.TOO_MANY_ATTEMPTS))] == ["Retry-After"]


@pytest.mark.parametrize("status", [408, 413])
def test_an_unread_body_ends_the_connection(status: int) -> None:
    assert ("Connection", "close") in headers_of(RequestRefused(status, Reason.REQUEST_TOO_LARGE, "no"))


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "badRequest"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "itemNotFound"),
        (406, "computeFault"),
        (409, "conflictingRequest"),
        (410, "computeFault"),
        (413, "overLimit"),
        (415, "badMediaType"),
        (429, "overLimit"),
        (500, "computeFault"),
        (501, "notImplemented"),
        (503, "serviceUnavailable"),
    ],
)
def test_fault_names(status: int, name: str) -> None:
    assert fault_name(status) == name


def test_titles_are_the_statuses_words() -> None:
    assert title_of(401) == "Unauthorized"


def test_what_is_logged_is_one_bounded_line_of_ascii() -> None:
    line = loggable("a\nb\ud800\x1b[31m" + "x" * 1000)
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 400
