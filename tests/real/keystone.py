"""A real Keystone with a database of its own, and a client of its API that shares no code with Keyhole.

It is installed into a folder of its own (`make test`), since it depends on much that Keyhole must not.
"""

import json
import os
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal
from tests.fakes.waiting import until
from tests.real.processes import Running, free_port, run, running

START_SECONDS = 60
HTTP_SECONDS = 30

ADMIN_PASSWORD = "admin-password"
REGION = "RegionOne"

SERVE = """
from keystone.server.wsgi import initialize_public_application
from waitress import serve
serve(initialize_public_application(), listen="127.0.0.1:{port}", threads=8)
"""
"""Keystone takes the command line for its own: waitress' program, which has one, cannot serve it."""

SERVICE_USER, SERVICE_PASSWORD = "keyhole", "keyhole-password"


@dataclass(frozen=True)
class Person:
    """A user who may be changed as a test likes, in a project."""

    name: str
    id: str
    project_id: str


@dataclass
class Keystone:
    """One Keystone: its files, its port, and what was made in it. It answers between `start` and `stop`."""

    programs: Path
    folder: Path
    port: int
    projects: dict[str, str] = field(default_factory=dict)
    _process: ExitStack = field(default_factory=ExitStack)
    _starts: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> str:
        """Keyhole's `[identity]` for it."""
        keys = {
            "backend": "keystone",
            "auth_url": f"{self.url}/v3",
            "username": SERVICE_USER,
            "password": SERVICE_PASSWORD,
            "project_name": "service",
            "region_name": REGION,
        }
        return "[identity]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())

    def credentials(self, user: str, project: str) -> dict[str, str]:
        """The variables that OpenStack's clients read."""
        return {
            "OS_AUTH_URL": f"{self.url}/v3",
            "OS_IDENTITY_API_VERSION": "3",
            "OS_USERNAME": user,
            "OS_PASSWORD": password_of(user),
            "OS_PROJECT_NAME": project,
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_REGION_NAME": REGION,
        }

    def create(self) -> None:
        """The database, the keys, and Keystone's own first user, roles and endpoints."""
        self._configure()
        for arguments in (
            ("db_sync",),
            ("fernet_setup", "--keystone-user", str(os.getuid()), "--keystone-group", str(os.getgid())),
            (
                "bootstrap",
                *("--bootstrap-password", ADMIN_PASSWORD, "--bootstrap-region-id", REGION),
                *("--bootstrap-public-url", self.url, "--bootstrap-internal-url", self.url),
                *("--bootstrap-admin-url", self.url),
            ),
        ):
            # The configuration is named before the sub-command: after it the keys go to the system's folder.
            program = self.programs / "keystone-manage"
            done = run(program, "--config-file", self._config, *arguments, folder=self.folder)
            assert done.returncode == 0, done.stderr

    def start(self, portal: BlockingPortal, *, token_seconds: int = 3600) -> None:
        """Starts its process and waits until it answers; tokens issued from now on are valid for this long."""
        self._configure(token_seconds)
        self._starts += 1
        process = self._process.enter_context(
            running(
                self.programs / "python",
                "-c",
                SERVE.format(port=self.port),
                folder=self.folder,
                environment=os.environ | {"OS_KEYSTONE_CONFIG_FILES": str(self._config)},
                name=f"keystone-{self._starts}",
            )
        )
        portal.call(until, lambda: self._answers(process), START_SECONDS)

    def stop(self) -> None:
        """Ends its process. Its database stays."""
        self._process.close()

    def sign_in(self, user: str, project: str | None) -> str:
        """A token for a user in a project; unscoped without one."""
        domain = {"id": "default"}
        who = {"name": user, "domain": domain, "password": password_of(user)}
        auth: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": who}}}
        auth["scope"] = "unscoped" if project is None else {"project": {"name": project, "domain": domain}}
        token: str = self.ask("POST", "/v3/auth/tokens", None, {"auth": auth}).headers["X-Subject-Token"]
        return token

    def revoke(self, token: str) -> None:
        self.ask("DELETE", "/v3/auth/tokens", token, subject=token)

    def user_id_of(self, token: str) -> str:
        user_id: str = self.ask("GET", "/v3/auth/tokens", token, subject=token).json()["token"]["user"]["id"]
        return user_id

    def add_people(self) -> None:
        """Keyhole's own user, two projects, and people with different roles in them."""
        token = self.sign_in("admin", "admin")
        roles = self.ids(token, "roles")
        for project in ("service", "demo", "other"):
            self.projects[project] = self._make(token, "projects", "project", {"name": project})
        for user, project, role in (
            (SERVICE_USER, "service", "service"),
            ("demo", "demo", "member"),
            ("watcher", "demo", "reader"),
            ("stranger", "other", "member"),
        ):
            user_id = self._make(token, "users", "user", {"name": user, "password": password_of(user)})
            path = f"/v3/projects/{self.projects[project]}/users/{user_id}/roles/{roles[role]}"
            self.ask("PUT", path, token)

    def add_person(self, project: str) -> "Person":
        """One more person who is a member of a project."""
        token = self.sign_in("admin", "admin")
        name = f"person-{uuid.uuid4().hex}"
        user_id = self._make(token, "users", "user", {"name": name, "password": password_of(name)})
        person = Person(name, user_id, self.projects[project])
        self.ask("PUT", self._role_of(person, token), token)
        return person

    def take_role(self, person: "Person") -> None:
        token = self.sign_in("admin", "admin")
        self.ask("DELETE", self._role_of(person, token), token)

    def disable_user(self, person: "Person") -> None:
        self._change(f"/v3/users/{person.id}", {"user": {"enabled": False}})

    def delete_user(self, person: "Person") -> None:
        self.ask("DELETE", f"/v3/users/{person.id}", self.sign_in("admin", "admin"))

    def disable_project(self, person: "Person") -> None:
        self._change(f"/v3/projects/{person.project_id}", {"project": {"enabled": False}})

    def enable_project(self, person: "Person") -> None:
        self._change(f"/v3/projects/{person.project_id}", {"project": {"enabled": True}})

    def add_compute(self, url: str) -> None:
        """A compute service in the catalog, at this URL."""
        token = self.sign_in("admin", "admin")
        service = self._make(token, "services", "service", {"name": "nova", "type": "compute"})
        for interface in ("public", "internal"):
            content = {"service_id": service, "interface": interface, "region_id": REGION, "url": url}
            self._make(token, "endpoints", "endpoint", content)

    def ids(self, token: str, kind: str) -> dict[str, str]:
        """The ids of all of a kind by name."""
        return {one["name"]: one["id"] for one in self.ask("GET", f"/v3/{kind}", token).json()[kind]}

    def ask(
        self, method: str, path: str, token: str | None, content: Any = None, *, subject: str = ""
    ) -> httpx.Response:
        """One call that must succeed."""
        headers = {name: value for name, value in (("X-Auth-Token", token), ("X-Subject-Token", subject)) if value}
        with self._http as http:
            response = http.request(method, path, json=content, headers=headers)
        assert response.is_success, response.text
        return response

    def _make(self, token: str, kind: str, key: str, content: dict[str, Any]) -> str:
        """Creates one of a kind and returns its id; existing ones (the bootstrap's) are used as they are."""
        there = {} if "name" not in content else self.ids(token, kind)
        name = str(content.get("name"))
        if name in there:
            return there[name]
        made: str = self.ask("POST", f"/v3/{kind}", token, {key: content}).json()[key]["id"]
        return made

    def _role_of(self, person: "Person", token: str) -> str:
        member = self.ids(token, "roles")["member"]
        return f"/v3/projects/{person.project_id}/users/{person.id}/roles/{member}"

    def _change(self, path: str, content: Any) -> None:
        self.ask("PATCH", path, self.sign_in("admin", "admin"), content)

    @property
    def _config(self) -> Path:
        return self.folder / "keystone.conf"

    @property
    def _http(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=HTTP_SECONDS, trust_env=False)

    def _configure(self, token_seconds: int = 3600) -> None:
        self._config.write_text(
            f"[database]\nconnection = sqlite:///{self.folder / 'keystone.db'}\n"
            f"[fernet_tokens]\nkey_repository = {self.folder / 'keys'}\n"
            f"[token]\nexpiration = {token_seconds}\n"
        )

    def _answers(self, process: Running) -> bool:
        assert not process.has_ended(), process.stderr
        try:
            with self._http as http:
                return http.get("/v3").is_success
        except httpx.ConnectError:
            return False


def password_of(user: str) -> str:
    return {"admin": ADMIN_PASSWORD, SERVICE_USER: SERVICE_PASSWORD}.get(user, f"{user}-password")


def programs(root: Path) -> Path:
    """The paths of Keystone's programs. Missing ones are an error: tests must not be skipped silently."""
    path = root / ".cache" / "keystone" / "bin"
    if not (path / "keystone-manage").exists():
        lock = "requirements/rigs/keystone.lock"
        raise FileNotFoundError(f"{path} holds no Keystone; `make test` installs it from {lock}")
    return path


def new_keystone(root: Path, folder: Path) -> Keystone:
    """One with an empty database in this folder."""
    keystone = Keystone(programs(root), folder, free_port())
    keystone.create()
    return keystone
