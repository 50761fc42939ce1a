"""Completion, requested as bash and zsh do."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.programs

KEYHOLE = Path(sys.executable).with_name("keyhole")


def ask(home: Path, command: str, variables: Mapping[str, str] | None = None) -> str:
    """What `command` prints in a bash whose home is an empty folder."""
    path = f"{KEYHOLE.parent}:/usr/bin:/bin"
    environment = {"HOME": str(home), "PATH": path, "SHELL": "/bin/bash", **(variables or {})}
    done = subprocess.run(
        ["bash", "--norc", "-c", command], env=environment, cwd=home, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_bash(home: Path, *words: str) -> list[str]:
    variables = {
        "_KEYHOLE_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("keyhole", *words)),
        "COMP_CWORD": str(len(words)),
    }
    return ask(home, "keyhole", variables).split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("con",), {"console", "config"}),
        (("cred",), {"credential"}),
        (("credential", ""), {"create", "list", "delete"}),
        (("console", "vm1", "--type", "s"), {"serial", "spice-html5"}),
        (("servers", "--format", ""), {"table", "json"}),
        (("log", "--li"), {"--lines"}),
    ],
)
def test_bash(tmp_path: Path, words: tuple[str, ...], offered: set[str]) -> None:
    assert set(in_bash(tmp_path, *words)) == offered


def test_zsh(tmp_path: Path) -> None:
    variables = {"_KEYHOLE_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "keyhole cons"}
    assert '"console":"Print a URL that opens a console' in ask(tmp_path, "keyhole", variables)


def test_the_shown_script_completes_in_bash(tmp_path: Path) -> None:
    script = 'eval "$(keyhole --show-completion)"; complete -p keyhole'
    assert ask(tmp_path, f"{script}; true").split()[-1] == "keyhole"


def test_the_script_for_zsh_is_shown(tmp_path: Path) -> None:
    variables = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    shown = ask(tmp_path, "keyhole --show-completion zsh", variables)
    assert shown.startswith("#compdef keyhole")


def test_installed_for_bash(tmp_path: Path) -> None:
    assert "bash completion installed" in ask(tmp_path, "keyhole --install-completion; true")
    assert "source" in (tmp_path / ".bashrc").read_text()
    assert "complete" in (tmp_path / ".bash_completions" / "keyhole.sh").read_text()


def test_installed_for_zsh(tmp_path: Path) -> None:
    variables = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    assert "zsh completion installed" in ask(tmp_path, "keyhole --install-completion zsh", variables)
    assert (tmp_path / ".zfunc" / "_keyhole").read_text().startswith("#compdef keyhole")
