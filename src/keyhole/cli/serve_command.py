"""`keyhole serve`."""

import os
import sys
from pathlib import Path
from typing import NoReturn


def serve(path: Path | None) -> NoReturn:
    """Runs the service with the settings in `path` until SIGINT or SIGTERM.

    This process becomes the service's supervisor, without the modules that the command line has loaded. Its id stays
    the same, because systemd passes sockets to a process by its id.
    """
    program = [sys.executable, "-P", "-m", "keyhole.supervisor"]
    os.execv(sys.executable, [*program, str(path.absolute())] if path else program)  # noqa: S606
