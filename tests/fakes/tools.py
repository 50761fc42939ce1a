"""Commands that are shell scripts of the test."""

import stat
from pathlib import Path


class Tools:
    """A folder of scripted commands. `calls` lists what was run, in order, one line each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "calls"

    @property
    def calls(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []

    def add(self, name: str, script: str = "") -> None:
        tool = self._folder / name
        tool.write_text(f'#!/bin/sh\necho "{name} $*" >> {self._log}\n{script}\n')
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
