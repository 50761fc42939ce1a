"""`python -m bench [SUBJECT ...] [--seconds N] [--rounds N] [--publish]`: prints tables, keeps the rounds."""

import argparse
import json
import os
import platform
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench import creation, footprint, growth, nova, relay, setup
from bench.comparison import BASELINE, LIMIT, NOVA, Comparison
from bench.peers import Starters, installed, versions
from bench.processes import BenchError
from bench.report import publish
from bench.table import goals_table, table

SUBJECTS: Mapping[str, Callable[[Starters, float, int], Iterator[Comparison]]] = {
    "relay": relay.run,
    "tls": relay.run_tls,
    "setup": setup.run,
    "api": creation.run,
    "memory": footprint.run,
    "growth": growth.run,
}
BUSY = 0.5
SOCKETS = 24_000
"""Two for each of 10 000 sessions, and some."""
WIDTH = 110
RESULTS = Path(".cache/bench")
"""Where every round of a run is kept; not committed."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Keyhole beside its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(SUBJECTS)}; all when none is given")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each round measures (2)")
    parser.add_argument("--rounds", type=int, default=3, help="how many rounds of each (3)")
    parser.add_argument("--publish", action="store_true", help="write docs/performance.md and its picture")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in SUBJECTS]:
        parser.error(f"{unknown[0]} is none of {', '.join(SUBJECTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that whatever was started is ended
    _allow_many_sockets()
    try:
        measure(options.names or list(SUBJECTS), options.seconds, options.rounds, publishes=options.publish)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def measure(names: list[str], seconds: float, rounds: int, *, publishes: bool) -> None:
    """Prints each comparison as soon as it is made, and keeps all of them in a file."""
    starters = installed()
    machine = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "kernel": platform.release(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        **versions(),
        NOVA: nova.version(),
        "rounds": rounds,
        "seconds each": seconds,
        "load before": f"{os.getloadavg()[0]:.1f}",
    }
    kept: dict[str, object] = {"machine": machine, "load_before": os.getloadavg(), "seconds": seconds}
    results: dict[str, Comparison] = {}
    console = Console()
    console.width = max(console.width, WIDTH)
    console.print(", ".join(f"{what} {value}" for what, value in machine.items() if value is not None))
    for missing in (BASELINE, LIMIT, NOVA):
        if machine[missing] is None:
            console.print(f"{missing} is not installed: its rows are missing.")
    if os.getloadavg()[0] > BUSY:
        console.print(f"The machine is busy (load {os.getloadavg()[0]:.1f}): expect noise.")
    for name in names:
        for comparison in SUBJECTS[name](starters, seconds, rounds):
            console.print(table(comparison))
            results[comparison.title] = comparison
    kept |= {title: asdict(comparison) for title, comparison in results.items()}
    console.print(goals_table(results))
    if publishes:
        publish(results, machine)
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    file.write_text(json.dumps(kept, indent=1))
    console.print(f"All rounds: {file}")


def _allow_many_sockets() -> None:
    """Ten thousand sessions are more than many a shell's limit; only root may raise its hard limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, SOCKETS), max(most, SOCKETS)))
    except (ValueError, PermissionError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
