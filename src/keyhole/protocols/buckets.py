"""A token bucket whose clock is somebody else's: the byte path counts down, and once a second it is filled up again.

So the byte path reads no clock. A bucket holds two seconds' worth: nobody is stopped for one short burst.
"""

from typing import Final

UNLIMITED: Final = 1 << 28
"""A rate that nobody reaches."""


def refilled(allowance: int, per_second: int) -> int:
    """What a bucket holds after one more second."""
    return min(2 * per_second, allowance + per_second)
