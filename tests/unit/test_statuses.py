"""The table of statuses is complete, and its columns agree for each reason."""

from http import HTTPStatus

from keyhole.reasons import Reason
from keyhole.statuses import STATUSES


def test_every_reason_is_answered_somehow() -> None:
    assert set(STATUSES) == set(Reason)
    assert all(any(row) for row in STATUSES.values())


def test_http_statuses_are_refusals_with_a_phrase_of_their_own() -> None:
    for row in STATUSES.values():
        for status in (row.api, row.gateway):
            assert status is None or (HTTPStatus(status).phrase and 400 <= status < 600)


def test_blame_is_the_same_before_and_after_the_upgrade() -> None:
    """A status below 500 means that the request is wrong, so its WebSocket must not be closed for an internal error or
    restart.
    """
    for row in STATUSES.values():
        if row.close in (1001, 1011):
            assert (row.api, row.gateway) in ((500, 500), (503, 503))
