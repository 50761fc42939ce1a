"""`python -m tests.fuzz [--seconds N] [TARGET ...]`: fuzzes targets, five on each processor, from the kept corpus on.

What is found on the way is kept in .cache/fuzz/TARGET and used the next time. An input that breaks a promise is kept
beside it, printed in full, and makes the exit status 1; add it to tests/fuzz/corpus/TARGET with the mend.
"""

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.fuzz.targets import TARGETS

HERE = Path(__file__).parent
KEPT = Path(".cache/fuzz")
ON_EACH_PROCESSOR = 5
MEMORY_MB = 512
SECONDS_FOR_ONE_INPUT = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", help=f"{', '.join(TARGETS)}; all when none is given")
    parser.add_argument("--seconds", type=int, default=60, help="how long each target is fuzzed (60)")
    options = parser.parse_args()
    names = options.targets or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    with ThreadPoolExecutor((os.cpu_count() or 1) * ON_EACH_PROCESSOR) as pool:
        results = list(pool.map(partial(fuzz, seconds=options.seconds), names))
    return 0 if all(results) else 1


def fuzz(name: str, *, seconds: int) -> bool:
    """Fuzzes one target in a separate process; returns a sentence about the result."""
    found, crashes = KEPT / name, KEPT / "crashes" / name
    for folder in (found, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    known = set(crashes.iterdir())
    command = [sys.executable, "-m", "tests.fuzz.one", name, str(found), str(HERE / "corpus" / name)]
    limits = [f"-rss_limit_mb={MEMORY_MB}", f"-timeout={SECONDS_FOR_ONE_INPUT}", f"-max_total_time={seconds}"]
    kept = [f"-artifact_prefix={crashes}/", "-print_final_stats=1", "-max_len=20000"]
    run = subprocess.run([*command, *limits, *kept], capture_output=True, text=True, timeout=seconds + 120)
    tried = re.search(r"stat::number_of_executed_units: (\d+)", run.stderr)
    print(f"fuzz {name}: {tried[1] if tried else 0} inputs in {seconds} s", flush=True)
    if run.returncode == 0:
        return True
    print(run.stdout + run.stderr)
    for crash in set(crashes.iterdir()) - known:
        print(f"fuzz {name}: kept {crash}: {crash.read_bytes()!r}")
    return False


if __name__ == "__main__":
    sys.exit(main())
