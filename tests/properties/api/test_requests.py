"""Any request: the application answers it in its surface's format, and never with a defect."""

import asyncio
import json
import re
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st
from tests.api.world import SERVER_ID, World, project_id_of

from keyhole.api.v1.operations import OWN_OPERATIONS, V1Operation, methods_at

WORDS = """
compute identity v1 v2 v2.1 v3 v2.0 servers detail flavors action auth tokens remote-consoles consoles
os-console-auth-tokens links inspect openapi.json sign-in sign-out me sessions session c users application_credentials
catalog projects 1 . .. % ü
"""
SESSION_ID = "0123456789abcdef" * 2
SEGMENTS = st.sampled_from([*WORDS.split(), "", SERVER_ID, SESSION_ID, project_id_of("demo")])
PATHS = st.lists(st.one_of(SEGMENTS, st.text(max_size=8)), max_size=6).map("/".join)
HEADER_NAMES = """
OpenStack-API-Version X-OpenStack-Nova-API-Version X-Auth-Token X-Subject-Token Content-Type Accept Origin Host
Content-Length X-Forwarded-For If-None-Match Accept-Encoding Cookie X-Keyhole-Page Sec-Fetch-Site X-Other
"""
NAMES = st.sampled_from(HEADER_NAMES.split())
VALUES = st.one_of(
    st.sampled_from(["compute 2.6", "compute latest", "compute 2.104", "2.1", "application/json", "text/html", "*/*"]),
    st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=40),
)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
KEYS = """
os-getVNCConsole os-getConsoleOutput remote_console type protocol length auth identity methods password user scope
project token id name domain application_credential username
"""
KNOWN_KEYS = st.sampled_from(KEYS.split())
ARGUMENTS_OF_LISTS = "name limit marker status all_tenants all_projects sort_key sort_dir locked x"
ARGUMENT_NAMES = st.sampled_from(ARGUMENTS_OF_LISTS.split())
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.recursive(
        st.sampled_from(["novnc", "vnc", "password", "demo", 2, None, True]),
        lambda inner: st.dictionaries(KNOWN_KEYS, inner, min_size=1, max_size=3) | st.lists(inner, max_size=2),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)
QUERIES = st.one_of(
    st.binary(max_size=30),
    st.lists(
        st.tuples(
            ARGUMENT_NAMES,
            st.text(max_size=8),
        ),
        max_size=4,
    ).map(lambda pairs: str(httpx.QueryParams(tuple(pairs))).encode()),
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "get", "X"])
SURFACES = ("compute", "identity", "v1")


async def exchange(world: World, scope: dict[str, Any], body: bytes) -> tuple[int, dict[str, str], bytes]:
    """One request as an ASGI server passes it: the status, the headers and the body of the answer."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await world.application(scope, receive, send)  # type: ignore[arg-type]
    start, *rest = sent
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return start["status"], headers, b"".join(message.get("body", b"") for message in rest)


def scope_of(method: str, path: str, query: bytes, headers: list[tuple[str, str]], token: str) -> dict[str, Any]:
    lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    if not any(name == b"x-auth-token" for name, _ in lines):
        lines.append((b"x-auth-token", token.encode()))
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": f"/{path}",
        "raw_path": f"/{path}".encode(errors="surrogatepass"),
        "query_string": query,
        "headers": lines,
        "client": ("192.0.2.7", 40000),
        "scheme": "http",
        "root_path": "",
    }


@given(METHODS, PATHS, QUERIES, HEADERS, BODIES)
def test_every_request_is_answered(
    method: str, path: str, query: bytes, headers: list[tuple[str, str]], body: bytes
) -> None:
    world = World()
    scope = scope_of(method, path, query, headers, world.issuer.token_of("demo"))
    status, answered, content = asyncio.run(exchange(world, scope, body))
    assert 200 <= status < 500
    assert world.refusals("internal_error") == 0
    if content and (path.split("/")[0] in SURFACES or methods_at(f"/{path}")):
        assert answered["content-type"].startswith("application/")
        assert isinstance(json.loads(content), dict)


OWN_CALLS = st.sampled_from(OWN_OPERATIONS)
IDS = st.sampled_from([SESSION_ID, "x", "%", "ü", "..", SERVER_ID])
OWN_BODIES = st.one_of(
    BODIES,
    st.dictionaries(
        st.sampled_from(["token", "username", "password", "project", "domain", "x"]),
        st.one_of(st.sampled_from(["demo", "demo-secret", "default", ""]), JSON),
        max_size=5,
    ).map(lambda value: json.dumps(value).encode()),
)
COOKIES = st.one_of(
    st.sampled_from(
        [
            "keyhole_ticket=x",
            f"keyhole_ticket={'A' * 43}",
            "keyhole_sign_in=x",
            "__Host-keyhole_sign_in=x",
            "keyhole_ticket",
            "=;;",
        ]
    ),
    st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=60),
)


@given(OWN_CALLS, IDS, QUERIES, COOKIES, HEADERS, OWN_BODIES, st.sampled_from(["demo", "watcher", "nobody", "admin"]))
def test_an_own_call_answers_what_its_row_says(
    call: V1Operation,
    name: str,
    query: bytes,
    cookie: str,
    headers: list[tuple[str, str]],
    body: bytes,
    user: str,
) -> None:
    world = World()
    path = re.sub(r"{\w+}", name, call.path).removeprefix("/")
    lines = [*headers, ("Cookie", cookie)]
    scope = scope_of(call.method, path, query, lines, world.issuer.token_of(user))
    status, answered, content = asyncio.run(exchange(world, scope, body))
    assert status in {call.status, *call.statuses_refused}
    assert world.refusals("internal_error") == 0
    if status == 200:
        assert answered["content-type"] == "application/json"
    elif status >= 400:
        assert answered["content-type"] == "application/problem+json"
        assert json.loads(content)["status"] == status


ACTIONS = st.sampled_from(["action", "remote-consoles"])
LEAVES = st.one_of(st.sampled_from(["novnc", "xvpvnc", "serial", "vnc", "spice", "mks", 2, -1, "3", None]), JSON)
ARGUMENTS = st.dictionaries(st.sampled_from(["type", "protocol", "length", "x"]), LEAVES, max_size=3)
CONSOLE_BODIES = st.dictionaries(
    st.sampled_from(["os-getVNCConsole", "os-getSerialConsole", "os-getConsoleOutput", "remote_console"]),
    st.one_of(ARGUMENTS, JSON),
    min_size=1,
    max_size=2,
)
VERSIONS = st.integers(1, 104).map("compute 2.{}".format)


@given(ACTIONS, VERSIONS, CONSOLE_BODIES)
def test_a_console_is_given_or_refused_as_a_fault(action: str, version: str, body: dict[str, Any]) -> None:
    world = World()
    headers = [("OpenStack-API-Version", version)]
    path = f"compute/v2.1/servers/{SERVER_ID}/{action}"
    scope = scope_of("POST", path, b"", headers, world.issuer.token_of("demo"))
    status, answered, content = asyncio.run(exchange(world, scope, json.dumps(body).encode()))
    assert status in (200, 400, 404)
    assert answered["openstack-api-version"] == version
    ((name, told),) = json.loads(content).items()
    if status == 200:
        assert name in ("console", "remote_console", "output")
        assert name == "output" or "token" in told["url"]
    else:
        assert name == {400: "badRequest", 404: "itemNotFound"}[status]
        assert told["code"] == status
