"""/healthz, /readyz and /metrics."""

import asyncio
from collections.abc import Sequence

import httpx
import pytest
from tests.api.world import SERVER_ID, MemoryIssuer, World
from tests.fakes.waiting import until

from keyhole.api import health, readiness
from keyhole.api.application import create_admin_application
from keyhole.errors import Unavailable


async def test_alive() -> None:
    response = await World().ask("GET", "/healthz", user=None)
    assert (response.status_code, response.text) == (200, "ok")


async def test_ready_when_there_is_no_problem() -> None:
    response = await World().ask("GET", "/readyz", user=None)
    assert response.status_code == 200
    assert response.json() == {"ready": True, "parts": {"store": 0, "identity": 0, "drivers": {"memory": 0}}}


async def test_a_drivers_problem_is_told_but_does_not_count() -> None:
    world = World()
    world.driver.sentences = ["/run/vm1.qmp: connection refused"]
    response = await world.ask("GET", "/readyz", user="admin")
    assert response.status_code == 200
    assert response.json()["parts"]["drivers"] == {"memory": 1}
    assert response.json()["problems"] == [{"part": "memory", "sentence": "/run/vm1.qmp: connection refused"}]


NOBODY = {"X_Auth_Token": "of-nobody"}


@pytest.mark.parametrize(("user", "headers"), [(None, {}), (None, NOBODY), ("demo", {}), ("watcher", {})])
async def test_names_and_addresses_are_for_admins(user: str | None, headers: dict[str, str]) -> None:
    world = World()
    world.driver.sentences = ["secret-name at tcp://10.0.0.5:5901 refuses the connection."]
    world.store.problems.append("/var/lib/keyhole/keyhole.db is gone")
    response = await world.ask("GET", "/readyz", user=user, **headers)
    assert response.status_code == 503
    assert response.json() == {"ready": False, "parts": {"store": 1, "identity": 0, "drivers": {"memory": 1}}}


async def test_an_admin_who_signed_in_on_the_page_is_told_in_sentences() -> None:
    world = World()
    world.driver.sentences = ["it is gone"]
    cookie = {"Cookie": f"__Host-keyhole_sign_in={world.issuer.token_of('admin')}"}
    response = await world.ask("GET", "/readyz", user=None, X_Keyhole_Page="1", **cookie)
    assert response.json()["problems"] == [{"part": "memory", "sentence": "it is gone"}]
    assert "problems" not in (await world.ask("GET", "/readyz", user=None, **cookie)).json()


async def test_who_asks_cannot_be_found_out_without_the_identity_service(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(token: str) -> None:
        await asyncio.Event().wait()

    world = World()
    monkeypatch.setattr(health, "WHO_ASKS_SECONDS", 0.02)
    monkeypatch.setattr(world.issuer, "validate", hang)
    response = await world.ask("GET", "/readyz", user="admin")
    assert response.json() == {"ready": True, "parts": {"store": 0, "identity": 0, "drivers": {"memory": 0}}}


@pytest.mark.parametrize("part", ["store", "identity"])
async def test_not_ready_without_store_or_identity(part: str) -> None:
    world = World()
    (world.store.problems if part == "store" else world.issuer.sentences).append("it does not answer")
    response = await world.ask("GET", "/readyz", user="admin")
    assert response.status_code == 503
    content = response.json()
    assert content["ready"] is False
    assert content["parts"][part] == 1
    assert content["problems"] == [{"part": part, "sentence": "it does not answer"}]


async def test_a_background_task_that_fails_is_told() -> None:
    async def fail() -> None:
        raise ValueError

    world = World()
    with world.service.tasks.running(sync_sessions=fail):
        await until(lambda: world.service.tasks.defects)
        response = await world.ask("GET", "/readyz", user="admin")
        everybody = await world.ask("GET", "/readyz", user=None)
    sentence = "the background task sync_sessions failed (ValueError; see the log)"
    assert response.status_code == 200
    assert response.json()["parts"]["background"] == 1
    assert response.json()["problems"] == [{"part": "background", "sentence": sentence}]
    assert "sync_sessions" not in everybody.text


async def test_a_part_that_cannot_tell_has_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(issuer: MemoryIssuer) -> Sequence[str]:
        raise Unavailable("gone")

    async def hang() -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    monkeypatch.setattr(readiness, "DEADLINE_SECONDS", 0.02)
    monkeypatch.setattr(MemoryIssuer, "check", refuse)
    world = World()
    monkeypatch.setattr(world.driver, "check", hang)
    response = await world.ask("GET", "/readyz", user="admin")
    assert response.status_code == 503
    assert response.json()["problems"] == [
        {"part": "identity", "sentence": "gone"},
        {"part": "memory", "sentence": "driver memory did not report its status within 0.02 seconds"},
    ]


async def test_the_admins_listener_tells_whoever_asks() -> None:
    world = World()
    world.driver.sentences = ["it is gone"]
    transport = httpx.ASGITransport(create_admin_application(world.services))
    async with httpx.AsyncClient(transport=transport, base_url="http://admin") as client:
        response = await client.get("/readyz")
        assert response.json()["problems"] == [{"part": "memory", "sentence": "it is gone"}]
        assert (await client.get("/healthz")).text == "ok"
        assert "keyhole_refused_total" in (await client.get("/metrics")).text
        for path in ("/", "/compute/v2.1/servers", "/identity/v3", "/v1/servers", "/vnc_lite.html"):
            assert (await client.get(path)).status_code == 404
        assert (await client.post("/readyz")).status_code == 405


async def test_a_page_whose_name_was_given_the_address_of_the_admins_listener_reads_nothing() -> None:
    world = World()
    world.driver.sentences = ["it is gone"]
    transport = httpx.ASGITransport(create_admin_application(world.services, frozenset({"console-1"})))
    headers = {"Accept-Language": "en"}
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.example:9100", headers=headers) as client:
        for path in ("/readyz", "/metrics", "/healthz"):
            response = await client.get(path)
            assert response.status_code == 403
            assert response.text == (
                "Browsers reach this listener by its address, `localhost` or the name of this machine only.\n"
            )
        known = await client.get("/readyz", headers={"Host": "console-1:9100"})
        assert known.json()["problems"] == [{"part": "memory", "sentence": "it is gone"}]


async def test_metrics_are_prometheus_text() -> None:
    world = World()
    await world.ask("GET", "/compute/v2.1/servers", user=None)
    response = await world.ask("GET", "/metrics", user=None)
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    assert 'keyhole_refused_total{reason="not_authenticated"} 1.0' in response.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_only_get(path: str) -> None:
    world = World()
    response = await world.ask("POST", path, user=None)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
    assert (await world.ask("HEAD", path, user=None)).status_code == 200


async def test_metrics_name_no_server_project_or_address() -> None:
    world = World()
    world.driver.sentences = ["secret-name refuses the connection."]
    body = '{"os-getVNCConsole": {"type": "novnc"}}'
    assert (await world.ask("POST", f"/compute/v2.1/servers/{SERVER_ID}/action", body=body)).status_code == 200
    world.telemetry.driver_problems("memory", 1)
    text = (await world.ask("GET", "/metrics", user=None)).text
    assert "keyhole_consoles_created_total" in text
    for secret in (SERVER_ID, "vm1", "demo", "secret-name", "127.0.0.1"):
        assert secret not in text
