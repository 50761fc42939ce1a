"""The real Nova beside which Keyhole is measured: its compute API with its fake hypervisor, and its console proxy.

It lives in a virtual environment of its own (`.cache/nova`, made by `make bench`); what runs there are
`nova_service.py`, whose tokens are those of a running Keyhole, which it asks as it would ask any Keystone, and
`nova_proxy.py`.
"""

import json
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.api import PASSWORD, PROJECT, USER
from bench.comparison import NOVNCPROXY
from bench.peers import Peer, Ports, directory, free_port, listens, wait_for_start
from bench.processes import BenchError, program
from bench.viewer import Endpoint

PYTHON = Path(".cache/nova/bin/python")
SERVICE = Path(__file__).with_name("nova_service.py")
PROXY = Path(__file__).with_name("nova_proxy.py")
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
        more = {
            "threads": THREADS,
            "auth_url": f"http://127.0.0.1:{identity_port}/identity/v3",
            "servers": [{"id": server_id, "name": "server", "project_id": project_id}],
        }
        file = _settings(folder, port, more)
        with program([str(PYTHON.absolute()), "-P", str(SERVICE), str(file)], folder) as process:
            wait_for_start(process, lambda: listens(port), folder, START_SECONDS)
            yield process.pid, port


@contextmanager
def novncproxy(ports: Ports, *, tls: bool = False) -> Iterator[Peer]:
    """`nova-novncproxy`, with a token in Nova's database for each of the target's ports. Raises BenchError."""
    if tls:
        raise BenchError(f"{NOVNCPROXY} is not measured with TLS")
    port = free_port()
    with directory() as folder:
        more = {
            "auth_url": "",
            "servers": [{"id": str(uuid.uuid4()), "name": "server", "project_id": PROJECT}],
            "consoles": dict(ports),
        }
        file = _settings(folder, port, more)
        command = [str(PYTHON.absolute()), "-P", str(PROXY.absolute())]
        done = subprocess.run([*command, "prepare", str(file)], capture_output=True, text=True, cwd=folder)
        if done.returncode:
            raise BenchError(f"Nova's databases could not be made:\n{done.stderr[-2000:]}")
        tokens = json.loads((folder / "tokens.json").read_text())
        with program([*command, "serve", str(file)], folder) as process:
            wait_for_start(process, lambda: listens(port), folder, START_SECONDS)
            endpoints = {behaviour: Endpoint(port, f"/?token={tokens[behaviour]}") for behaviour in ports}
            yield Peer(NOVNCPROXY, process.pid, endpoints)


def _settings(folder: Path, port: int, more: Mapping[str, object]) -> Path:
    file = folder / "settings.json"
    own = {"folder": str(folder), "port": port, "user": USER, "password": PASSWORD, "project": PROJECT}
    file.write_text(json.dumps(own | dict(more)))
    return file
