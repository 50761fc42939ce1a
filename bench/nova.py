"""The real Nova beside which the API is measured: its compute API with its fake hypervisor, in one process.

It lives in a virtual environment of its own (`.cache/nova`, made by `make bench`); what runs there is
`nova_service.py`. Tokens are those of a running Keyhole, which Nova asks as it would ask any Keystone.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.api import PASSWORD, PROJECT, USER
from bench.peers import directory, free_port, listens, wait_for_start
from bench.processes import program

PYTHON = Path(".cache/nova/bin/python")
SERVICE = Path(__file__).with_name("nova_service.py")
INSTALLED = Path(".cache/nova/.installed")
START_SECONDS = 60.0
THREADS = 1
"""Python runs one at a time anyway, and SQLite refuses some of several that write at once."""


def version() -> str | None:
    """What is installed, None when nothing is."""
    if not INSTALLED.exists():
        return None
    ask = "from importlib.metadata import version; print(version('nova'))"
    return subprocess.run([PYTHON, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def nova(identity_port: int, project_id: str, server_id: str) -> Iterator[tuple[int, int]]:
    """Its process and its port; one server of the project is known to it."""
    port = free_port()
    with directory() as folder:
        settings = {
            "folder": str(folder),
            "port": port,
            "threads": THREADS,
            "auth_url": f"http://127.0.0.1:{identity_port}/identity/v3",
            "user": USER,
            "password": PASSWORD,
            "project": PROJECT,
            "servers": [{"id": server_id, "name": "server", "project_id": project_id}],
        }
        file = folder / "settings.json"
        file.write_text(json.dumps(settings))
        with program([str(PYTHON.absolute()), "-P", str(SERVICE), str(file)], folder) as process:
            wait_for_start(process, lambda: listens(port), folder, START_SECONDS)
            yield process.pid, port
