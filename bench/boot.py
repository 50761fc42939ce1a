"""`python -m bench.boot [--rounds N]`: is the demo's guest up soon enough once its image is there?"""

import argparse
import asyncio
import statistics
import sys
import time
import uuid
from pathlib import Path

from keyhole.demo import GuestUnavailable
from keyhole.demo.guest_image import GuestImage, build_image
from keyhole.demo.qemu_guest import DemoGuest

MOST_SECONDS = 10.0
STATE = Path(".cache/demo")
"""Where the image is kept, as for the tests."""


async def boot_seconds(image: GuestImage) -> float:
    """How long one guest takes from its start to its login prompt. Raises GuestUnavailable."""
    started_at = time.perf_counter()
    async with DemoGuest(image, name="timed", server_id=str(uuid.uuid4()), progress=print) as guest:
        await guest.until_ready()
        return time.perf_counter() - started_at


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.boot", description="How long does the demo's guest boot?")
    parser.add_argument("--rounds", type=int, default=3, help="how many times it is started (3)")
    rounds = parser.parse_args().rounds
    try:
        image = build_image(STATE, print)
        taken = sorted(asyncio.run(boot_seconds(image)) for _ in range(rounds))
    except GuestUnavailable as error:
        print(f"boot: {error}", file=sys.stderr)
        return 1
    soon = taken[-1] < MOST_SECONDS
    print(
        f"median {statistics.median(taken):.1f} s, at most {taken[-1]:.1f} s: {'soon enough' if soon else 'TOO LATE'}"
    )
    return 0 if soon else 1


if __name__ == "__main__":
    sys.exit(main())
