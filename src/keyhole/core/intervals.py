"""Intervals by the wall clock, which somebody may set.

For what other processes judge by the wall clock too, so that both see the same time pass. All else is counted by the
monotonic clock.
"""


def is_due(now: float, last: float, seconds: float) -> bool:
    """Whether so many seconds have passed since `last`; also when the clock was set back behind it."""
    return not 0 <= now - last < seconds
