"""Installs the named Debian packages that are missing; without root, prints the command to run.

The same code installs the demo's packages.
"""

import sys

from keyhole.demo import GuestUnavailable
from keyhole.demo.apt import ensure_packages


def main() -> int:
    try:
        ensure_packages(sys.argv[1:], print)
    except GuestUnavailable as failure:
        print(f"keyhole: {failure}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
