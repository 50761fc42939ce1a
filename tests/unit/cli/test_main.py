import subprocess
import sys

import pytest
from tests.fakes.command_line import CommandLine

from keyhole import __version__

HEAVY = ("openstack", "keystoneauth1", "requests", "sqlalchemy", "starlette", "uvicorn", "uvloop")


def test_version(keyhole: CommandLine) -> None:
    done = keyhole("version")
    assert (done.status, done.out, done.err) == (0, f"{__version__}\n", "")


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    loaded = f"import sys, keyhole.cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("words", [("nonsense",), ("--nonsense",), ("servers", "--nonsense"), ("credential", "x")])
def test_wrong_usage(keyhole: CommandLine, words: tuple[str, ...]) -> None:
    done = keyhole(*words)
    assert (done.status, done.out) == (2, "")
    assert "Usage: keyhole" in done.err


@pytest.mark.parametrize("command", ["servers", "console", "log", "credential create", "credential list"])
def test_help(keyhole: CommandLine, command: str) -> None:
    done = keyhole(*command.split(), "--help")
    assert (done.status, done.err) == (0, "")
    assert "--format <table|json>" in done.out
    assert "--os-cloud NAME" in done.out


def test_a_name_that_the_terminal_cannot_show_is_no_failure() -> None:
    code = "import sys, typer; from keyhole.cli import main; main.app = lambda **_: typer.echo('né日'); main.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env={"PYTHONIOENCODING": "iso-8859-1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, b"n\xe9?\n", b"")


def test_output_that_cannot_be_written_is_told_on_one_line() -> None:
    code = "from keyhole.cli import main, output; main.app = lambda **_: output.show('x'); main.main()"
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == b"keyhole: the output could not be written: No space left on device\n"
