"""The gateways under test: how each is configured, started, reached and ended. All listen on loopback only."""

import resource
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from bench.api import PASSWORD, PROJECT, USER, is_healthy, signed_in
from bench.certificate import write_certificate
from bench.comparison import BASELINE, KEYHOLE, LIMIT
from bench.processes import BenchError, program, wait_until
from bench.target import Behaviour
from bench.viewer import Endpoint

Ports = Mapping[Behaviour, int]
"""Where the target listens for each behaviour."""

START_SECONDS = 20.0
LINKS_LIVE_SECONDS = 3600
VIEWERS_ARE_SILENT_SECONDS = 600
"""Those of the bench answer no ping, and are still there."""
SPARE_DESCRIPTORS = 100


@dataclass(frozen=True, slots=True)
class Peer:
    """A running gateway: its name, its first process, and where viewers reach each behaviour of the target."""

    name: str
    pid: int
    endpoints: Mapping[Behaviour, Endpoint]


class Starter(Protocol):
    """Starts a gateway in front of the target, with TLS to the viewers or without, and ends it with the context."""

    def __call__(self, ports: Ports, /, *, tls: bool = False) -> AbstractContextManager[Peer]: ...


Starters = Mapping[str, Starter]
"""Every gateway that is installed, by its name."""


@dataclass(frozen=True, slots=True)
class Keyhole(Peer):
    """Keyhole, which also makes links."""

    port: int
    server_ids: Mapping[Behaviour, str]
    tls: bool

    def new_links(self, behaviour: Behaviour, count: int) -> list[Endpoint]:
        """As many new links to one server, by its API. Raises BenchError."""
        with signed_in(self.port, tls=self.tls) as api:
            return [Endpoint(self.port, api.console_path(self.server_ids[behaviour]), self.tls) for _ in range(count)]


def installed() -> Starters:
    """The gateways that can be measured here, Keyhole first."""
    found: dict[str, Starter] = {KEYHOLE: keyhole}
    if _version(BASELINE) is not None:
        found[BASELINE] = websockify
    if haproxy_command() is not None:
        found[LIMIT] = haproxy
    return found


@contextmanager
def keyhole(ports: Ports, *, tls: bool = False, links_open_once: bool = False) -> Iterator[Keyhole]:
    """One worker with a store of its own. Its endpoints are links for any number of sessions, unless
    `links_open_once`."""
    port = free_port()
    server_ids = {behaviour: str(uuid.uuid4()) for behaviour in ports}
    with directory() as folder:
        config = folder / "keyhole.toml"
        config.write_text(_keyhole_config(port, ports, server_ids, folder, tls=tls, links_open_once=links_open_once))
        with program([sys.executable, "-m", "keyhole", "serve", "--config", str(config)], folder) as process:
            wait_for_start(process, lambda: is_healthy(port, tls=tls), folder)
            with signed_in(port, tls=tls) as api:
                endpoints = {
                    behaviour: Endpoint(port, api.console_path(at), tls) for behaviour, at in server_ids.items()
                }
            yield Keyhole(KEYHOLE, process.pid, endpoints, port, server_ids, tls)


@contextmanager
def websockify(ports: Ports, *, tls: bool = False) -> Iterator[Peer]:
    """With a token file of one line for each behaviour: it is read anew for every session, so it is kept short."""
    port = free_port()
    with directory() as folder:
        tokens = folder / "tokens"
        tokens.write_text("".join(f"{behaviour}: 127.0.0.1:{at}\n" for behaviour, at in ports.items()))
        command = [sys.executable, "-m", "websockify", "--token-plugin", "TokenFile", "--token-source", str(tokens)]
        if tls:
            certificate, key, _ = write_certificate(folder)
            command += ["--ssl-only", "--cert", str(certificate), "--key", str(key)]
        with program([*command, f"127.0.0.1:{port}"], folder) as process:
            wait_for_start(process, lambda: listens(port), folder)
            endpoints = {behaviour: Endpoint(port, f"/websockify?token={behaviour}", tls) for behaviour in ports}
            yield Peer(BASELINE, process.pid, endpoints)


@contextmanager
def haproxy(ports: Ports, *, tls: bool = False) -> Iterator[Peer]:
    """Relays TCP with buffers of 256 KiB in one thread: no WebSocket, no token, no handshake of its own."""
    fronts = {behaviour: free_port() for behaviour in ports}
    with directory() as folder:
        config = folder / "haproxy.cfg"
        certificate = write_certificate(folder)[2] if tls else None
        config.write_text(_haproxy_config(ports, fronts, certificate))
        with program([haproxy_command() or "haproxy", "-db", "-f", str(config)], folder) as process:
            wait_for_start(process, lambda: all(map(listens, fronts.values())), folder)
            endpoints = {behaviour: Endpoint(front, None, tls) for behaviour, front in fronts.items()}
            yield Peer(LIMIT, process.pid, endpoints)


def haproxy_command() -> str | None:
    """Where HAProxy is, if it is installed."""
    return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")


def versions() -> dict[str, str | None]:
    """What is measured; None where it is not installed."""
    command = haproxy_command()
    found: dict[str, str | None] = {name: _version(name) for name in (KEYHOLE, "uvloop", BASELINE)}
    found["haproxy"] = None
    if command is not None:
        told = subprocess.run([command, "-v"], capture_output=True, text=True, check=True).stdout
        found["haproxy"] = told.split()[2]
    return found


def most_sessions() -> int:
    """How many sessions a process may have here, at two descriptors each."""
    return (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_DESCRIPTORS) // 2


def free_port() -> int:
    """A port of loopback that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_for_start(
    process: subprocess.Popen[bytes], answers: Callable[[], bool], folder: Path, seconds: float = START_SECONDS
) -> None:
    """Returns when a program answers. Raises BenchError with the end of its log when it does not in time."""
    try:
        wait_until(answers, seconds, "start", lambda: process.poll() is not None)
    except BenchError as error:
        said = (folder / "log").read_text("utf-8", "replace")[-2000:]
        raise BenchError(f"{process.args!r} did not start ({error}):\n{said}") from error


@contextmanager
def directory() -> Iterator[Path]:
    """A new folder for one program's files."""
    with TemporaryDirectory(prefix="keyhole-bench-") as name:
        yield Path(name)


def listens(port: int) -> bool:
    """Whether anybody listens on a port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _keyhole_config(
    port: int, ports: Ports, server_ids: Mapping[Behaviour, str], folder: Path, *, tls: bool, links_open_once: bool
) -> str:
    files = ""
    if tls:
        certificate, key, _ = write_certificate(folder)
        files = f'tls_certificate = "{certificate}"\ntls_key = "{key}"\n'
    head = f"""
[server]
listen = "127.0.0.1:{port}"
{files}

[store]
url = "sqlite:///{folder / "keyhole.db"}"

[tokens]
lifetime_seconds = {LINKS_LIVE_SECONDS}
reuse = "{"once" if links_open_once else "until_expiry"}"

[limits]
sessions = 0
sessions_per_user = 0
sessions_per_project = 0
messages_per_second = 0

[sessions]
keepalive_timeout_seconds = {VIEWERS_ARE_SILENT_SECONDS}

[identity]
allow_plain_passwords = true

[[identity.users]]
name = "{USER}"
password = "{PASSWORD}"
project = "{PROJECT}"
"""
    servers = (
        f"""
[[servers]]
id = "{server_ids[behaviour]}"
name = "{behaviour}"
project = "{PROJECT}"
vnc = {{ url = "tcp://127.0.0.1:{at}" }}
"""
        for behaviour, at in ports.items()
    )
    return head + "".join(servers)


def _haproxy_config(ports: Ports, fronts: Ports, certificate: Path | None) -> str:
    speaks_tls = f" ssl crt {certificate}" if certificate else ""
    head = f"""
global
    nbthread 1
    maxconn {most_sessions()}
    tune.bufsize 262144
defaults
    mode tcp
    timeout connect 10s
    timeout client 10m
    timeout server 10m
"""
    listens = (
        f"""
listen {behaviour}
    bind 127.0.0.1:{front}{speaks_tls}
    server target 127.0.0.1:{ports[behaviour]}
"""
        for behaviour, front in fronts.items()
    )
    return head + "".join(listens)
