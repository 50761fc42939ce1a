"""Intervals on the wall clock, which may be set while Keyhole runs.

Used for times that other processes also measure by the wall clock, so that all see the same time pass. Everything else
uses the monotonic clock.
"""


def is_due(now: float, last: float, seconds: float) -> bool:
    """Whether this many seconds have passed since `last`; also true when the clock was set back to before `last`."""
    return not 0 <= now - last < seconds
