"""The token bucket, which its owner refills."""

from keyhole.protocols.buckets import UNLIMITED, refilled


def test_a_bucket_holds_two_seconds_worth() -> None:
    assert refilled(0, 100) == 100
    assert refilled(150, 100) == 200
    assert refilled(200, 100) == 200


def test_nobody_reaches_the_unlimited_rate() -> None:
    assert refilled(2 * UNLIMITED, UNLIMITED) == 2 * UNLIMITED
