"""A small fake Keystone on a loopback port, in a thread, for testing every kind of failure."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

PASSWORD = "service-password"

TRICKLE_SECONDS = 0.02
"""The time between two bytes of an answer that trickles."""

USER_TOKEN: dict[str, Any] = {
    "methods": ["password"],
    "user": {"id": "u1", "name": "ada", "domain": {"id": "default", "name": "Default"}},
    "audit_ids": ["a1"],
    "issued_at": "2023-11-14T22:13:20.000000Z",
    "expires_at": "2023-11-14T23:13:20.000000Z",
    "project": {"id": "p1", "name": "demo", "domain": {"id": "default", "name": "Default"}},
    "roles": [{"id": "r1", "name": "member"}, {"id": "r2", "name": "reader"}],
}


@dataclass
class KeystoneServer:
    """Its answers may be changed at any time. `endpoints` are (interface, region, url) of its own catalog; `subjects`
    the known tokens, by name; `status` and `body` replace the next answers about tokens; `service_tokens` are those
    issued to the service user. With `trickles`, the next answers never end: from their "head" or "body" on they arrive
    byte by byte, until the client closes the connection, which sets `given_up`.
    """

    url: str
    endpoints: list[tuple[str, str, str]] = field(default_factory=list)
    subjects: dict[str, dict[str, Any]] = field(default_factory=lambda: {"good": USER_TOKEN})
    status: int | None = None
    body: bytes = b"{}"
    service_tokens: list[str] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)
    projects: list[dict[str, str]] = field(default_factory=list)
    """Those of a person who has no default project; without any, everybody has one."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    trickles: Literal["", "head", "body"] = ""
    given_up: threading.Event = field(default_factory=threading.Event)

    @property
    def validations(self) -> int:
        """How often a token was validated."""
        return self.asked.count(("GET", "/v3/auth/tokens?nocatalog"))

    def forget_service_tokens(self) -> None:
        """Treats all issued tokens as revoked."""
        self.accepted.clear()


@contextmanager
def keystone_server() -> Iterator[KeystoneServer]:
    """One that runs while the context lasts."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    listener.daemon_threads = True
    server = KeystoneServer(f"http://127.0.0.1:{listener.server_port}")
    listener.keystone = server  # type: ignore[attr-defined]
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


class _Handler(BaseHTTPRequestHandler):
    @property
    def keystone(self) -> KeystoneServer:
        server: KeystoneServer = self.server.keystone  # type: ignore[attr-defined]
        return server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""

    def do_GET(self) -> None:
        self._note()
        match self.path.partition("?")[0].rstrip("/"):
            case "":
                self._answer(300, {"versions": {"values": [self._version()]}})
            case "/v3":
                self._answer(200, {"version": self._version()})
            case "/v3/auth/tokens":
                self._validate()
            case "/v3/auth/projects":
                self._answer(200, {"projects": self.keystone.projects})
            case _:
                self._answer(404, {"error": {"code": 404, "title": "Not Found", "message": "nothing here"}})

    def do_POST(self) -> None:
        self._note()
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v3/auth/tokens":
            self._send(404, b"<html>nothing here</html>", None)
            return
        if asked["auth"]["identity"]["password"]["user"]["password"] != PASSWORD:
            self._answer(401, {"error": {"code": 401, "title": "Unauthorized", "message": "no"}})
            return
        token = f"service-{len(self.keystone.service_tokens)}"
        self.keystone.service_tokens.append(token)
        self.keystone.accepted.add(token)
        endpoints = [
            {"id": str(number), "interface": interface, "region": region, "region_id": region, "url": url}
            for number, (interface, region, url) in enumerate(self.keystone.endpoints)
        ]
        catalog = [{"id": "i", "type": "identity", "name": "keystone", "endpoints": endpoints}] if endpoints else []
        scoped = USER_TOKEN
        if self.keystone.projects and "scope" not in asked["auth"]:
            scoped = {key: value for key, value in USER_TOKEN.items() if key != "project"}
        content = scoped | {"expires_at": "2099-01-01T00:00:00.000000Z", "catalog": catalog}
        self._answer(201, {"token": content}, token)

    def do_DELETE(self) -> None:
        self._note()
        known = self.headers["X-Auth-Token"] in self.keystone.accepted
        self.keystone.accepted.discard(self.headers["X-Subject-Token"])
        self._answer(204 if known else 401, {})

    def _validate(self) -> None:
        keystone = self.keystone
        if keystone.status is not None:
            self._send(keystone.status, keystone.body, None)
        elif self.headers["X-Auth-Token"] not in keystone.accepted:
            self._answer(401, {"error": {"code": 401, "title": "Unauthorized", "message": "no"}})
        elif self.headers["X-Subject-Token"] not in keystone.subjects:
            self._answer(404, {"error": {"code": 404, "title": "Not Found", "message": "no such token"}})
        else:
            self._answer(200, {"token": keystone.subjects[self.headers["X-Subject-Token"]]})

    def _version(self) -> dict[str, Any]:
        links = [{"rel": "self", "href": f"{self.keystone.url}/v3/"}]
        return {"id": "v3.14", "status": "stable", "links": links}

    def _note(self) -> None:
        self.keystone.asked.append((self.command, self.path))
        self.keystone.headers.append(dict(self.headers))

    def _answer(self, status: int, content: Any, token: str | None = None) -> None:
        self._send(status, json.dumps(content).encode(), token)

    def _send(self, status: int, body: bytes, token: str | None) -> None:
        if self.keystone.trickles:
            self._trickle(status, self.keystone.trickles)
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if token is not None:
            self.send_header("X-Subject-Token", token)
        self.end_headers()
        self.wfile.write(body)

    def _trickle(self, status: int, since: str) -> None:
        self.send_response(status)
        if since == "body":
            self.send_header("Content-Length", "1000000")
            self.end_headers()
        else:
            self.flush_headers()
            self.wfile.write(b"X-Slow: ")
        self.close_connection = True
        with suppress(OSError):
            while True:
                self.wfile.write(b"a")
                time.sleep(TRICKLE_SECONDS)
        self.keystone.given_up.set()
