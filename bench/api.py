"""The client of Keyhole's API that makes console links: a sign-in, then one call for each link."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.processes import BenchError
from bench.viewer import tls_context

USER, PASSWORD, PROJECT = "bench", "bench", "bench"
_TIMEOUT_SECONDS = 10.0


class Api:
    """One signed-in connection."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection
        self._token = ""
        user = {"name": USER, "password": PASSWORD, "domain": {"id": "default"}}
        scope = {"project": {"name": PROJECT, "domain": {"id": "default"}}}
        identity = {"methods": ["password"], "password": {"user": user}}
        answer, body = self._post("/identity/v3/auth/tokens", {"auth": {"identity": identity, "scope": scope}}, 201)
        self._token = answer.headers["X-Subject-Token"]
        self._project_id: str = body["token"]["project"]["id"]

    @property
    def token(self) -> str:
        """The identity token."""
        return self._token

    @property
    def project_id(self) -> str:
        """The id of the project that it is for."""
        return self._project_id

    def console_path(self, server_id: str) -> str:
        """Makes a link to a server's screen and returns the path of its WebSocket, which holds the token."""
        call = {"os-getVNCConsole": {"type": "novnc"}}
        _, body = self._post(f"/compute/v2.1/servers/{server_id}/action", call, 200)
        link: str = body["console"]["url"]
        return "/" + parse_qs(urlsplit(link).query)["path"][0]

    def _post(self, path: str, body: object, wanted: int) -> tuple[http.client.HTTPResponse, Any]:
        headers = {"Content-Type": "application/json"} | ({"X-Auth-Token": self._token} if self._token else {})
        self._connection.request("POST", path, json.dumps(body), headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != wanted:
            raise BenchError(f"Keyhole answered {answer.status} to POST {path}: {content!r}")
        return answer, json.loads(content)


@contextmanager
def signed_in(port: int, *, tls: bool = False) -> Iterator[Api]:
    """A connection to the API on loopback. Raises BenchError."""
    connection = _connection(port, tls)
    try:
        yield Api(connection)
    finally:
        connection.close()


def is_healthy(port: int, *, tls: bool = False) -> bool:
    """Whether the service answers."""
    connection = _connection(port, tls)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _connection(port: int, tls: bool) -> http.client.HTTPConnection:
    if tls:
        return http.client.HTTPSConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS, context=tls_context())
    return http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
