"""Runs the unit tests in environments other than .venv, and prints which.

`python -m tools.unit_elsewhere 3.12 3.13` runs them on each of these Pythons that is installed, with the locked
versions; `--lowest` on this Python, with the oldest versions of Keyhole's libraries that pyproject.toml allows. Missing
Pythons are listed and skipped.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")
ENVIRONMENTS = ROOT / ".venv" / "elsewhere"
PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--numprocesses", "logical", "--dist", "loadfile"]
PYTEST += ["tests/unit", "--ignore", "tests/unit/frontend", "-m", "not programs"]
LOWEST = "--lowest"


def main() -> int:
    status = 0
    ran, absent = [], []
    for name in sys.argv[1:]:
        python = sys.executable if name == LOWEST else installed(name)
        if python is None:
            absent.append(name)
            continue
        environment = prepare(name, python)
        done = subprocess.run([str(environment / "bin" / "python"), *PYTEST], cwd=ROOT, check=False)
        status = status or done.returncode
        ran.append(f"{name.removeprefix('--')} ({version_of(environment)})")
    print(f"Unit tests ran with: {', '.join(ran) or 'none'}. Not installed here: {', '.join(absent) or 'none'}.")
    return status


def installed(version: str) -> str | None:
    """The path of a Python of this minor version, as uv or pyenv knows it."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for path in sorted(pyenv.glob(f"{version}.*/bin/python")):
        return str(path)
    done = subprocess.run(
        [UV, "python", "find", "--no-python-downloads", version], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None


def prepare(name: str, python: str) -> Path:
    """An environment with Keyhole from src/ and its unit tests' dependencies. Raises CalledProcessError."""
    environment = ENVIRONMENTS / name.removeprefix("--")
    uv("venv", "-q", "--clear", "--python", python, str(environment))
    if name == LOWEST:
        pins = ENVIRONMENTS / "lowest.txt"
        lowest = ["--resolution", "lowest-direct", "--python-version", "3.11", "--all-extras", "pyproject.toml"]
        uv("pip", "compile", "-q", *lowest, "-o", str(pins))
        what = ["-r", str(pins), "--group", "unit"]
    else:
        what = ["--require-hashes", "-r", "requirements/dev.lock"]
    uv("pip", "install", "-q", *what, environment=environment)
    uv("pip", "install", "-q", "--no-deps", "--no-build-isolation", "-e", ".", environment=environment)
    return environment


def version_of(environment: Path) -> str:
    """The version of the environment's Python."""
    command = [str(environment / "bin" / "python"), "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def uv(*words: str, environment: Path = ROOT / ".venv") -> None:
    subprocess.run([UV, *words], cwd=ROOT, check=True, env=os.environ | {"VIRTUAL_ENV": str(environment)})


if __name__ == "__main__":
    sys.exit(main())
