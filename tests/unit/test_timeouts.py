"""A test that hangs fails when it times out, wherever it hangs, and its fixtures are torn down."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HANGING = """
import asyncio
import socket

import pytest


@pytest.fixture
async def thing():
    yield
    await asyncio.sleep(0)
    print("taken down")


async def test_in_the_loop(thing):
    await asyncio.Event().wait()


def test_in_a_call():
    left, right = socket.socketpair()
    with left, right:
        left.recv(1)


async def test_the_next_one():
    await asyncio.sleep(0)
"""


@pytest.mark.programs
def test_a_hang_fails_and_the_next_test_runs(tmp_path: Path) -> None:
    (tmp_path / "test_hanging.py").write_text(HANGING)
    plugins = ("-p", "pytest_asyncio.plugin", "-p", "pytest_timeout", "-p", "tests.conftest", "-p", "no:cacheprovider")
    options = ("-c", ROOT / "pyproject.toml", "--rootdir", ROOT, "-o", "timeout=1")
    command: list[str | Path] = [sys.executable, "-m", "pytest", "-q", *plugins, *options, tmp_path / "test_hanging.py"]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False, env=environment)
    assert "2 failed, 1 passed" in done.stdout
    assert "\ntaken down\n" in done.stdout
