"""The portal's server: serves its page, and asks Keyhole for servers and links with a password that stays here."""

import argparse
import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).parent
FILES = {"/": ("index.html", "text/html"), "/portal.js": ("portal.js", "text/javascript")}
TIMEOUT_SECONDS = 20


class Cloud:
    """Keyhole's API as the portal's own user."""

    def __init__(self, auth_url: str, user: str, password: str, project: str) -> None:
        who = {"name": user, "domain": {"id": "default"}, "password": password}
        scope = {"project": {"name": project, "domain": {"id": "default"}}}
        identity = {"methods": ["password"], "password": {"user": who}}
        answer = _ask(f"{auth_url}/auth/tokens", {}, {"auth": {"identity": identity, "scope": scope}})
        self._token = answer.headers["X-Subject-Token"]
        self._compute = f"{auth_url.removesuffix('/identity/v3')}/compute/v2.1"

    def servers(self) -> list[dict[str, str]]:
        found = json.load(_ask(f"{self._compute}/servers", self._headers()))["servers"]
        return [{"id": server["id"], "name": server["name"]} for server in found]

    def link(self, server_id: str) -> str:
        asked = {"remote_console": {"protocol": "vnc", "type": "novnc"}}
        answer = _ask(f"{self._compute}/servers/{server_id}/remote-consoles", self._headers(), asked)
        return str(json.load(answer)["remote_console"]["url"])

    def _headers(self) -> dict[str, str]:
        return {"X-Auth-Token": self._token, "OpenStack-API-Version": "compute 2.6"}


def _ask(url: str, headers: dict[str, str], body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})
    return urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)


class Portal(BaseHTTPRequestHandler):
    """GET / and /portal.js: the page. GET /servers: the list. POST /links {"server": ID}: {"url"}.

    A real portal would check here who its own user is and which servers are that user's.
    """

    cloud: Cloud

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/servers":
            self._answer("application/json", json.dumps(self.cloud.servers()).encode())
        elif path in FILES:
            name, content_type = FILES[path]
            self._answer(content_type, (HERE / name).read_bytes())
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        # Only JSON: a form of another site cannot send it without asking.
        if self.path != "/links" or self.headers["Content-Type"] != "application/json":
            self.send_error(404)
            return
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer("application/json", json.dumps({"url": self.cloud.link(str(asked["server"]))}).encode())

    def _answer(self, content_type: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class has it)
        """Says nothing: a link in an address must not end up in a log."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    env = os.environ
    Portal.cloud = Cloud(env["OS_AUTH_URL"], env["OS_USERNAME"], env["OS_PASSWORD"], env["OS_PROJECT_NAME"])
    ThreadingHTTPServer(("127.0.0.1", port), Portal).serve_forever()
