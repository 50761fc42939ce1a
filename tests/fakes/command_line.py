"""The command line in this process: `keyhole WORDS` with only the variables that a test names."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from keyhole.cli.main import main


@dataclass(frozen=True)
class Done:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str


class CommandLine:
    """Runs commands without access to the user's own settings (OS_*, clouds.yaml, browser)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self._clouds = folder / "clouds.yaml"
        self._clouds.write_text("clouds: {}\n")
        for name in os.environ:
            if name.startswith("OS_"):
                monkeypatch.delenv(name)
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(self._clouds))
        monkeypatch.setenv("OS_CLIENT_SECURE_FILE", str(self._clouds))

    def sign_in_with(self, variables: Mapping[str, str]) -> None:
        """Sets the variables for every command from now on."""
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)

    def write_clouds(self, text: str) -> None:
        """Sets the content of clouds.yaml from now on."""
        self._clouds.write_text(text)

    def __call__(self, *words: str) -> Done:
        self._monkeypatch.setattr(sys, "argv", ["keyhole", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = self._capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, printed.out, printed.err)
