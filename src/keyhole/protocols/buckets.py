"""A token bucket without a clock: the byte path takes from it, and its owner refills it once a second.

So the byte path reads no clock. A bucket holds the allowance of two seconds, so that a short burst is allowed.
"""

from typing import Final

UNLIMITED: Final = 1 << 28
"""A rate that is never reached."""


def refilled(allowance: int, per_second: int) -> int:
    """A bucket's content after one more second."""
    return min(2 * per_second, allowance + per_second)
