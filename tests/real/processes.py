"""Programs under test: each in a separate process, with its output in files, ended by its process id."""

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

KEYHOLE = Path(sys.executable).with_name("keyhole")

STOP_SECONDS = 10
COMMAND_SECONDS = 60


@dataclass(frozen=True)
class Running:
    """A running process, with its output in two files."""

    process: subprocess.Popen[bytes]
    stdout_path: Path
    stderr_path: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def stdout(self) -> str:
        return self.stdout_path.read_text()

    @property
    def stderr(self) -> str:
        return self.stderr_path.read_text()

    @property
    def logged(self) -> list[str]:
        """The complete lines of stderr: the last line may be incomplete while it is being written."""
        return self.stderr.rpartition("\n")[0].splitlines()

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = STOP_SECONDS) -> int:
        """Sends a signal and returns the exit status. TimeoutExpired when it does not end in time."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


@contextmanager
def running(
    *command: str | Path, folder: Path, environment: Mapping[str, str] | None = None, name: str = "process"
) -> Iterator[Running]:
    """Starts a program, which has always ended when the context is left."""
    stdout, stderr = folder / f"{name}.stdout", folder / f"{name}.stderr"
    with stdout.open("wb") as out, stderr.open("wb") as err:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder, env=environment
        )
    try:
        yield Running(process, stdout, stderr)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_SECONDS)


def run(
    *command: str | Path,
    text: str = "",
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    seconds: float = COMMAND_SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end, within this time, with `text` as its standard input."""
    return subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=seconds, env=environment, cwd=folder
    )


def program(name: str, package: str) -> str:
    """The path of a program. A missing one is an error: tests that need it must not be skipped silently."""
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"{name} is not installed; it is in the Debian package {package} (see `make test`)")
    return path


def library(name: str, package: str) -> Path:
    """Where a shared library is; one that is missing is an error, as with `program`."""
    for folder in map(Path, ("/usr/lib", "/usr/lib64", "/usr/local/lib")):
        for path in (*folder.glob(name), *folder.glob(f"*-linux-gnu*/{name}")):
            return path
    raise FileNotFoundError(f"{name} is not installed; it is in the Debian package {package} (see `make test`)")


def free_port() -> int:
    """A loopback port where nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a loopback port is free to listen on."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def pids_naming(text: str) -> list[int]:
    """The processes that have a text on their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if text.encode() in command:
            found.append(int(folder.name))
    return found
