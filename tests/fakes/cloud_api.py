"""A cloud's Keystone and Nova APIs over HTTP on loopback, with prepared answers in the real services' formats. Anything
that is not prepared is the router's 404.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

USER_ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
PROJECT_ID = "11112222333344445555666677778888"
TOKEN = "gAAAA-a-token"
PASSWORD = "right-password"

_ROUTER_404 = {
    "message": "The resource could not be found.<br /><br />\n\n\n",
    "code": "404 Not Found",
    "title": "Not Found",
}


@dataclass(frozen=True)
class Answer:
    """`content` is JSON unless it is bytes."""

    content: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A received request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass
class CloudApi:
    """`answers` are by method and path; a list of answers is returned one by one, and its last answer repeatedly."""

    url: str
    newest: str = "2.104"
    answers: dict[tuple[str, str], Answer | list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def variables(self) -> dict[str, str]:
        """The OS_* variables that a client needs to sign in."""
        return {
            "OS_AUTH_URL": f"{self.url}/identity/v3",
            "OS_USERNAME": "demo",
            "OS_PASSWORD": PASSWORD,
            "OS_PROJECT_NAME": "demo",
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_REGION_NAME": "RegionOne",
        }

    def tell(self, method: str, path: str, *answers: Answer) -> None:
        """Sets the answer for a path below the compute API, or for one that begins with /identity."""
        place = path if path.startswith("/identity") else f"/compute/v2.1{path}"
        self.answers[method, place] = list(answers)

    def calls(self, method: str, path: str) -> list[Asked]:
        """The requests to a path, with or without the prefix of the compute API."""
        return [one for one in self.asked if one.method == method and one.path.removeprefix("/compute/v2.1") == path]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        told = self.answers.get((asked.method, asked.path))
        if isinstance(told, list):
            return told.pop(0) if len(told) > 1 else told[0]
        match asked.method, asked.path.rstrip("/"):
            case "GET", "/identity/v3":
                return Answer({"version": self._identity_version()})
            case "POST", "/identity/v3/auth/tokens":
                return self._signed_in(asked.body)
            case "GET", "/compute/v2.1":
                return Answer({"version": self._compute_version()})
            case _:
                return Answer(_ROUTER_404, 404)

    def _identity_version(self) -> dict[str, Any]:
        link = {"rel": "self", "href": f"{self.url}/identity/v3/"}
        return {"id": "v3.14", "status": "stable", "links": [link], "media-types": []}

    def _compute_version(self) -> dict[str, Any]:
        link = {"rel": "self", "href": f"{self.url}/compute/v2.1/"}
        oldest = "2.1" if self.newest else ""
        return {"id": "v2.1", "status": "CURRENT", "version": self.newest, "min_version": oldest, "links": [link]}

    def _signed_in(self, body: Any) -> Answer:
        user = body["auth"]["identity"].get("password", {}).get("user", {})
        if user and user["password"] != PASSWORD:
            refusal = {"code": 401, "message": "The request you have made requires authentication."}
            return Answer({"error": {**refusal, "title": "Unauthorized"}}, 401)
        domain = {"id": "default", "name": "Default"}
        scoped = {"project": {"id": PROJECT_ID, "name": "demo", "domain": domain}, "catalog": self._catalog()}
        token = {
            "methods": body["auth"]["identity"]["methods"],
            "user": {"id": USER_ID, "name": "demo", "domain": domain},
            "issued_at": "2030-01-01T00:00:00.000000Z",
            "expires_at": "2099-01-01T00:00:00.000000Z",
            **(scoped if "scope" in body["auth"] or not user else {}),
        }
        return Answer({"token": token}, 201, {"X-Subject-Token": TOKEN})

    def _catalog(self) -> list[dict[str, Any]]:
        endpoint = {"id": "e", "interface": "public", "region": "RegionOne", "region_id": "RegionOne"}
        compute = {**endpoint, "url": f"{self.url}/compute/v2.1"}
        return [{"id": "s", "type": "compute", "name": "nova", "endpoints": [compute]}]


@contextmanager
def serving_cloud() -> Iterator[CloudApi]:
    """A cloud while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            answer = cloud.answer(
                Asked(
                    self.command,
                    parts.path,
                    dict(parse_qsl(parts.query)),
                    dict(self.headers),
                    json.loads(body) if body else None,
                )
            )
            content = answer.content if isinstance(answer.content, bytes) else json.dumps(answer.content).encode()
            kind = "text/html" if isinstance(answer.content, bytes) else "application/json"
            self.send_response(answer.status)
            headers = {"Content-Type": kind, "Content-Length": str(len(content)), **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def do_DELETE(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Suppresses the server's own log lines."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        cloud = CloudApi(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield cloud
        finally:
            server.shutdown()
            thread.join()
