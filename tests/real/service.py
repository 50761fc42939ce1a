"""`keyhole serve` as a process, and a client of its API that shares no code with it."""

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from anyio.from_thread import BlockingPortal
from tests.fakes.waiting import until
from tests.real.processes import KEYHOLE, Running, free_port, running

START_SECONDS = 90
HTTP_SECONDS = 20

SIMULATED_ID = "5174e000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class User:
    """One user of the settings."""

    name: str
    password: str
    project: str
    roles: tuple[str, ...]

    @property
    def settings(self) -> str:
        keys = {"name": self.name, "password": self.password, "project": self.project, "roles": self.roles}
        return "[[identity.users]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())


DEMO = User("demo", "demo-password", "demo", ("member", "reader"))
WATCHER = User("watcher", "watcher-password", "demo", ("reader",))
STRANGER = User("stranger", "stranger-password", "other", ("member", "reader"))
PEOPLE = (DEMO, WATCHER, STRANGER)
PASSWORDS = {user.name: user.password for user in PEOPLE}

USERS = "[identity]\nallow_plain_passwords = true\n" + "".join(user.settings for user in PEOPLE)

SIMULATED = "[drivers.simulated]\n"


SIGN_IN = "/identity/v3/auth/tokens"


def sign_in_body(user: str, password: str, project: str) -> dict[str, Any]:
    """The body of a token request with a user's password."""
    who = {"name": user, "domain": {"id": "default"}, "password": password}
    scope = {"project": {"name": project, "domain": {"id": "default"}}}
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": who}}, "scope": scope}}


def guests_found_at(pattern: Path) -> str:
    """The settings' section for guests with these QMP sockets."""
    return f"[drivers.qemu]\nsockets = {json.dumps(str(pattern))}\n"


@dataclass
class Service:
    """A running service from its users' point of view: on its port, trusted by `trust`, or on a unix socket."""

    url: str
    running: Running
    trust: ssl.SSLContext | None = None
    socket: Path | None = None
    _tokens: dict[User, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port

    @property
    def http(self) -> httpx.Client:
        transport = httpx.HTTPTransport(verify=self.trust or True, uds=str(self.socket) if self.socket else None)
        return httpx.Client(base_url=self.url, timeout=HTTP_SECONDS, transport=transport)

    def get(self, path: str, **more: Any) -> httpx.Response:
        with self.http as client:
            return client.get(path, **more)

    def sign_in(self, user: str, password: str, project: str = DEMO.project) -> httpx.Response:
        """Requests a token of the Identity v3 API."""
        with self.http as client:
            return client.post(SIGN_IN, json=sign_in_body(user, password, project))

    def token_of(self, user: User) -> str:
        if user not in self._tokens:
            answer = self.sign_in(user.name, user.password, user.project).raise_for_status()
            self._tokens[user] = answer.headers["X-Subject-Token"]
        return self._tokens[user]

    def ask_console(self, server_id: str, console_type: str = "novnc", user: User = DEMO) -> httpx.Response:
        protocol = {"serial": "serial", "spice-html5": "spice"}.get(console_type, "vnc")
        headers = {"X-Auth-Token": self.token_of(user), "OpenStack-API-Version": "compute 2.6"}
        body = {"remote_console": {"protocol": protocol, "type": console_type}}
        with self.http as client:
            return client.post(f"/compute/v2.1/servers/{server_id}/remote-consoles", json=body, headers=headers)

    def console_url(self, server_id: str, console_type: str = "novnc") -> str:
        """A fresh link to a server's console."""
        url: str = self.ask_console(server_id, console_type).raise_for_status().json()["remote_console"]["url"]
        return url

    def serial_page(self, server_id: str) -> str:
        """A fresh link to the page of a server's serial console."""
        return f"{self.url}/serial.html?{urlsplit(self.console_url(server_id, 'serial')).query}"

    def events(self, name: str) -> list[dict[str, Any]]:
        """The service's log events of this name."""
        logged = [json.loads(line) for line in self.running.logged]
        return [event for event in logged if event["event"] == name]


@contextmanager
def serving(
    portal: BlockingPortal,
    folder: Path,
    settings: str,
    *,
    server: Mapping[str, str | int] | None = None,
    port: int | None = None,
    trust: ssl.SSLContext | None = None,
    store: Path | None = None,
) -> Iterator[Service]:
    """A service with these settings on a loopback port, once it answers.

    `server` are more keys of `[server]`; `store` is the store's file where it is not in the folder.
    """
    port = port or free_port()
    store_keys = f'[store]\nurl = "sqlite:///{store or folder / "keyhole.db"}"\n'
    keys = {"listen": f"127.0.0.1:{port}", **(server or {})}
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    config = folder / "keyhole.toml"
    config.write_text(f"[server]\n{lines}{store_keys}{settings}")
    with running(KEYHOLE, "serve", "--config", config, folder=folder, name="keyhole") as process:
        service = Service(f"{'https' if trust else 'http'}://127.0.0.1:{port}", process, trust)
        portal.call(until, partial(_answers, service), START_SECONDS)
        yield service


def _answers(service: Service) -> bool:
    assert not service.running.has_ended(), f"keyhole serve has ended: {service.running.stderr}"
    try:
        return service.get("/healthz").is_success
    except httpx.ConnectError:
        return False
