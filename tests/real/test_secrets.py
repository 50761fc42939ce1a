"""No secret leaves the service: whatever was signed in with, issued, or tried, none of it is in anything that it
writes or says, but in the one answer that must carry it.
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from tests.fakes.wire import Wire
from tests.real.consoles import novnc_size, websocket_target
from tests.real.processes import KEYHOLE, run
from tests.real.service import SIMULATED, SIMULATED_ID, Service, serving
from tests.real.targets import SERVER_IDS, bare_qemu, static_server

pytest_plugins = ("tests.real.fixtures",)

PASSWORD = "right-Password-9f27"
API_KEY = "api-key-5c1e88d0"
VNC_PASSWORD = "vncPw-7x"
ADMIN_PASSWORD = "admin-Password-61ab"
WRONG = ("wrong-Password-31d5", "wrong-api-key-77aa", "wrong-secret-e41c", "wrong-token-90ee", "wrong-console-token-1f")
DOMAIN = {"id": "default"}


class Talk:
    """All requests and answers: every secret, and every answer that must not contain any."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.secrets: set[str] = {PASSWORD, API_KEY, VNC_PASSWORD, ADMIN_PASSWORD, *WRONG}
        self.answers: list[str] = []
        self._client = service.http

    def close(self) -> None:
        self._client.close()

    def ask(self, method: str, path: str, token: str = "", *, says: str = "", **more: Any) -> httpx.Response:
        """One request. `says` is the secret that its answer must carry; it is looked at without it."""
        headers = ({"X-Auth-Token": token} if token else {}) | more.pop("headers", {})
        response = self._client.request(method, path, headers=headers, **more)
        text = f"{response.headers}{response.text}"
        self.answers.append(text.replace(says, "") if says else text)
        return response

    def sign_in(self, path: str, auth: dict[str, Any]) -> str:
        """Signs in; the token."""
        response = self._client.post(path, json={"auth": auth}).raise_for_status()
        token: str = response.headers.get("X-Subject-Token") or response.json()["access"]["token"]["id"]
        self.secrets.add(token)
        self.answers.append(f"{response.headers}{response.text}".replace(token, ""))
        return token

    def link(self, token: str, server_id: str, console_type: str = "novnc") -> str:
        """A console link, whose token is a secret too."""
        body = {"remote_console": {"protocol": "vnc", "type": console_type}}
        headers = {"X-Auth-Token": token, "OpenStack-API-Version": "compute 2.6"}
        path = f"/compute/v2.1/servers/{server_id}/remote-consoles"
        url: str = (
            self._client.post(path, json=body, headers=headers).raise_for_status().json()["remote_console"]["url"]
        )
        self.secrets.add(token_of(url))
        return url


def token_of(url: str) -> str:
    return url.rpartition("%3D")[2] if "%3D" in url else url.rpartition("token=")[2]


def password_auth(name: str, password: Any) -> dict[str, Any]:
    user = {"name": name, "domain": DOMAIN, "password": password}
    return {"identity": {"methods": ["password"], "password": {"user": user}}}


def hashed(secret: str) -> str:
    return run(KEYHOLE, "config", "hash-password", text=f"{secret}\n").stdout.strip()


def settings_of(folder: Path) -> str:
    users = ""
    for name, password, roles in (("demo", PASSWORD, ["member"]), ("admin", ADMIN_PASSWORD, ["admin"])):
        users += f'[[identity.users]]\nname = "{name}"\nproject = "demo"\nroles = {json.dumps(roles)}\n'
        users += f'password_hash = "{hashed(password)}"\napi_key_hash = "{hashed(API_KEY)}"\n'
    more = f', password_file = "{folder / "vnc-password"}"'
    locked = static_server(0, "locked", f"unix:{folder / 'vnc'}", more)
    unreachable = static_server(1, "unreachable", f"unix:{folder / 'nothing'}", more)
    return users + locked + unreachable + SIMULATED


@pytest.fixture
def talk(portal: BlockingPortal, tmp_path: Path) -> Iterator[Talk]:
    (tmp_path / "vnc-password").write_text(VNC_PASSWORD)
    secret = ("-object", f"secret,id=secret,data={VNC_PASSWORD}")
    with (
        bare_qemu(portal, tmp_path, *secret, vnc=",password-secret=secret"),
        serving(portal, tmp_path, settings_of(tmp_path)) as service,
        contextlib.closing(Talk(service)) as talk,
    ):
        yield talk


def test_no_secret_is_in_anything_that_the_service_writes_or_says(
    talk: Talk, portal: BlockingPortal, tmp_path: Path
) -> None:
    tokens = sign_in_by_everything(talk)
    open_consoles(talk, portal, tokens[0])
    provoke_refusals(talk, portal, tokens[0])
    talk.ask("DELETE", "/identity/v3/auth/tokens", tokens[0], headers={"X-Subject-Token": tokens[1]})
    assert talk.ask("GET", "/compute/v2.1/servers", tokens[1]).status_code == 401

    for path in ("/metrics", "/readyz", "/healthz", "/v1/openapi.json", "/compute", "/identity"):
        talk.ask("GET", path)
    assert talk.service.running.end() == 0
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert {"keyhole.stderr", "keyhole.db", "keyhole.toml"} <= set(written)
    del written["vnc-password"]
    said = {f"answer {number}": answer.encode() for number, answer in enumerate(talk.answers)}
    assert (len(said), len(talk.secrets)) > (30, 12)
    found = [
        (name, secret) for name, data in (written | said).items() for secret in talk.secrets if secret.encode() in data
    ]
    assert found == []


def sign_in_by_everything(talk: Talk) -> list[str]:
    """Tokens got by password, API key, token and application credential, in both versions of the API."""
    scope = {"project": {"name": "demo", "domain": DOMAIN}}
    first = talk.sign_in("/identity/v3/auth/tokens", password_auth("demo", PASSWORD) | {"scope": scope})
    named = {"username": "demo", "password": PASSWORD}
    second = talk.sign_in("/identity/v2.0/tokens", {"passwordCredentials": named, "tenantName": "demo"})
    key = {"username": "demo", "apiKey": API_KEY}
    third = talk.sign_in("/identity/v2.0/tokens", {"RAX-KSKEY:apiKeyCredentials": key})
    fourth = talk.sign_in(
        "/identity/v3/auth/tokens", {"identity": {"methods": ["token"], "token": {"id": first}}, "scope": scope}
    )
    talk.ask("GET", "/identity/v3/auth/tokens", first, says=second, headers={"X-Subject-Token": second})
    talk.ask("GET", f"/identity/v2.0/tokens/{third}", first, says=third)

    shown = talk.ask("GET", "/identity/v3/auth/tokens", first, says=first, headers={"X-Subject-Token": first})
    path = f"/identity/v3/users/{shown.json()['token']['user']['id']}/application_credentials"
    with talk.service.http as client:
        made = client.post(path, json={"application_credential": {"name": "robot"}}, headers={"X-Auth-Token": first})
    credential = made.raise_for_status().json()["application_credential"]
    talk.secrets.add(credential["secret"])
    talk.ask("GET", path, first)
    method = {"id": credential["id"], "secret": credential["secret"]}
    fifth = talk.sign_in(
        "/identity/v3/auth/tokens",
        {"identity": {"methods": ["application_credential"], "application_credential": method}},
    )
    return [first, second, third, fourth, fifth]


def open_consoles(talk: Talk, portal: BlockingPortal, token: str) -> None:
    """A console that opens, one whose VNC server wants the password, one that cannot be reached; looked at twice."""
    for server_id in (SIMULATED_ID, SERVER_IDS.format(0)):
        url = talk.link(token, server_id)
        talk.ask("POST", "/v1/links/inspect", json={"token": token_of(url)})
        talk.ask("GET", url)
        assert portal.call(novnc_size, url)[0] > 0
        portal.call(try_to_open, talk.service.port, websocket_target(url))
        talk.ask("POST", "/v1/links/inspect", json={"token": token_of(url)})
    portal.call(try_to_open, talk.service.port, websocket_target(talk.link(token, SERVER_IDS.format(1))))
    native = talk.link(token, SIMULATED_ID, "xvpvnc")
    talk.ask("GET", native, headers={"Accept": "text/html"})
    admin = talk.sign_in("/identity/v3/auth/tokens", password_auth("admin", ADMIN_PASSWORD))
    version = {"OpenStack-API-Version": "compute 2.31"}
    told = talk.ask("GET", f"/compute/v2.1/os-console-auth-tokens/{token_of(native)}", admin, headers=version)
    assert told.status_code == 200


def provoke_refusals(talk: Talk, portal: BlockingPortal, token: str) -> None:
    """Provokes every kind of refusal that concerns a secret."""
    password, key, secret, wrong_token, wrong_link = WRONG
    v3, v2 = "/identity/v3/auth/tokens", "/identity/v2.0/tokens"
    for body in (
        password_auth("demo", password),
        password_auth("nobody", password),
        password_auth("demo", [password]),
        password_auth("demo", {"a": password}),
        {"identity": {"methods": ["password"], "password": password}},
        {"identity": {"methods": [password], "password": {}}},
        {"identity": {"methods": ["token"], "token": {"id": wrong_token}}},
        {"identity": {"methods": ["application_credential"], "application_credential": {"id": "x", "secret": secret}}},
    ):
        assert talk.ask("POST", v3, json={"auth": body}).status_code in (400, 401, 429)
    for body in (
        {"passwordCredentials": {"username": "nobody", "password": password}},
        {"RAX-KSKEY:apiKeyCredentials": {"username": "nobody", "apiKey": key}},
        {"passwordCredentials": password},
        {"token": {"id": [wrong_token]}},
    ):
        assert talk.ask("POST", v2, json={"auth": body}).status_code in (400, 401, 429)
    talk.ask("POST", v3, content=f'{{"auth": {{"password": "{password}"')
    for path in ("/compute/v2.1/servers", "/identity/v3/auth/catalog"):
        assert talk.ask("GET", path, wrong_token).status_code == 401
    talk.ask("GET", v3, token, headers={"X-Subject-Token": wrong_token})
    talk.ask("GET", f"{v2}/{wrong_token}", token)
    talk.ask("GET", f"/compute/v2.1/os-console-auth-tokens/{wrong_link}", token)
    talk.ask("POST", "/v1/links/inspect", json={"token": wrong_link})
    talk.ask("POST", "/v1/links/inspect", json={"token": [wrong_link]})
    talk.ask("POST", "/v1/links/inspect", content=f'{{"token": "{wrong_link}')
    talk.ask("GET", f"/nowhere?token={wrong_link}")
    for target in (f"/?token={wrong_link}", f"/any/path?token={wrong_link}", "/"):
        portal.call(try_to_open, talk.service.port, target)


async def try_to_open(port: int, target: str) -> None:
    """Asks for a WebSocket that is refused or ends at once, and waits for its end."""
    wire = await Wire.connect(port)
    answer = await wire.upgrade(target, "Sec-WebSocket-Protocol: binary", f"Cookie: token={WRONG[4]}")
    if answer.status == 101:
        with contextlib.suppress(EOFError, ConnectionError):
            while (await wire.frame()).opcode != 8:
                pass
    wire.writer.close()
