"""How much work code does, counted in calls: this is the same on every machine, however busy it is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import keyhole

SOURCE = str(Path(keyhole.__file__).parent)


class Steps:
    """`taken` is how often one of Keyhole's functions was called or resumed in this thread."""

    def __init__(self) -> None:
        self.taken = 0

    def note(self, frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(SOURCE):
            self.taken += 1


@contextmanager
def counted_steps() -> Iterator[Steps]:
    """Counts while the block runs."""
    steps, usual = Steps(), sys.getprofile()
    sys.setprofile(steps.note)
    try:
        yield steps
    finally:
        sys.setprofile(usual)
