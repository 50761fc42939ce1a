"""A cloud with prepared answers, and the command line for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.cloud_api import CloudApi, serving_cloud
from tests.fakes.command_line import CommandLine


@pytest.fixture
def keyhole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    """The command line, signed in nowhere."""
    return CommandLine(monkeypatch, capsys, tmp_path)


@pytest.fixture
def cloud(keyhole: CommandLine) -> Iterator[CloudApi]:
    """A cloud; the variables say how to sign in there."""
    with serving_cloud() as cloud:
        keyhole.sign_in_with(cloud.variables)
        yield cloud
