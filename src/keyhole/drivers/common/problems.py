"""Since when problems exist."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from keyhole.ports.drivers import Problem


def since(before: Iterable[Problem], found: Iterable[Problem]) -> Sequence[Problem]:
    """The current problems, each with the time when it was first found, according to `before`."""
    known = {problem.sentence: problem.since for problem in before}
    now = time.time()
    return [replace(problem, since=known.get(problem.sentence, now)) for problem in found]
