"""/healthz, /readyz and /metrics."""

import asyncio
from collections.abc import Sequence

import pytest
from tests.api.world import World

from keyhole.api import health
from keyhole.errors import Unavailable


async def test_alive() -> None:
    response = await World().ask("GET", "/healthz", user=None)
    assert (response.status_code, response.text) == (200, "ok")


async def test_ready_when_nothing_ails() -> None:
    response = await World().ask("GET", "/readyz", user=None)
    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "parts": {
            "store": {"problems": []},
            "identity": {"problems": []},
            "drivers": {"memory": {"problems": []}},
        },
    }


async def test_a_drivers_trouble_is_told_but_does_not_count() -> None:
    world = World()
    world.driver.sentences = ["/run/vm1.qmp: connection refused"]
    response = await world.ask("GET", "/readyz", user=None)
    assert response.status_code == 200
    assert response.json()["parts"]["drivers"]["memory"]["problems"] == ["/run/vm1.qmp: connection refused"]


@pytest.mark.parametrize("part", ["store", "identity"])
async def test_not_ready_without_store_or_identity(part: str) -> None:
    world = World()
    (world.store_problems if part == "store" else world.issuer.sentences).append("it does not answer")
    response = await world.ask("GET", "/readyz", user=None)
    assert response.status_code == 503
    content = response.json()
    assert content["ready"] is False
    assert content["parts"][part] == {"problems": ["it does not answer"]}


async def test_a_part_that_cannot_tell_is_in_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse() -> Sequence[str]:
        raise Unavailable("gone")

    async def hang() -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    monkeypatch.setattr(health, "PART_DEADLINE_SECONDS", 0.02)
    world = World()
    monkeypatch.setattr(world.driver, "problems", hang)
    monkeypatch.setattr(world.issuer, "problems", refuse)
    response = await world.ask("GET", "/readyz", user=None)
    assert response.status_code == 503
    assert response.json()["parts"]["identity"]["problems"] == ["gone"]
    assert response.json()["parts"]["drivers"]["memory"]["problems"] == [
        "driver memory did not say how it is within 0.02 seconds"
    ]


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
