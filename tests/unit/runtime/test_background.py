"""The background tasks: they continue after a defect, and expired data is deleted."""

import asyncio
import io
import json
import time
from functools import partial

import pytest
from tests.api.world import World
from tests.fakes.waiting import until

from keyhole.core.links import hash_token
from keyhole.model import Identity, IdentityToken
from keyhole.runtime import background
from keyhole.runtime.background import BackgroundTasks, purge_expired
from keyhole.supervisor import backoff
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.telemetry import Telemetry


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_SECONDS", 0.01)
    monkeypatch.setattr(backoff, "LONGEST_SECONDS", 0.02)


class Work:
    """Fails this many times, with an error that must not be shown, then keeps running."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1
        if self.runs <= self.failures:
            raise ValueError("secret row")
        await asyncio.Event().wait()


async def test_a_task_that_failed_starts_again() -> None:
    log = io.StringIO()
    works = {"broken": Work(failures=4), "sound": Work(failures=0)}
    running = BackgroundTasks(Telemetry(make_logger(log, json=True)))
    with running.running(**works):
        await until(lambda: works["broken"].runs == 5)
        assert works["sound"].runs == 1
        assert running.defects == {"broken": "the background task broken failed (ValueError; see the log)"}
    events = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(event["event"], event["where"]) for event in events] == [("service.failed", "broken")] * 4
    assert all("secret row" in json.dumps(event["exception"]) for event in events)


async def test_one_that_goes_on_is_well_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "STEADY_SECONDS", 0.1)
    work = Work(failures=2)
    running = BackgroundTasks(Telemetry(make_logger(io.StringIO(), json=True)))
    with running.running(work=work):
        await until(lambda: running.defects)
        await until(lambda: not running.defects)
    assert work.runs == 3


async def test_one_that_fails_again_and_again_stays_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "STEADY_SECONDS", 0)
    work = Work(failures=1000)
    running = BackgroundTasks(Telemetry(make_logger(io.StringIO(), json=True)))
    with running.running(work=work):
        await until(lambda: running.defects)
        aim = work.runs + 3
        while work.runs < aim:
            assert running.defects
            await asyncio.sleep(0)


async def test_one_that_is_done_is_not_repeated() -> None:
    runs = []

    async def once() -> None:
        runs.append(True)

    with BackgroundTasks(Telemetry(make_logger(io.StringIO(), json=True))).running(once=once):
        await until(lambda: runs)
        await asyncio.sleep(0)
    assert runs == [True]


async def test_what_expired_is_forgotten_identity_tokens_too() -> None:
    world = World()
    identity = Identity("u", "demo", None, None, frozenset())
    for name, expires_at in (("expired", time.time() - 90_000), ("valid", time.time() + 90_000)):
        await world.store.add_token(
            IdentityToken(hash_token(name), identity, ("password",), "audit", expires_at - 3600, expires_at)
        )
    chore = partial(purge_expired, world.consoles, world.sessions, world.store, world.telemetry)

    async def is_swept() -> bool:
        return await world.store.find_token(hash_token("expired"), 0) is None

    with BackgroundTasks(world.telemetry).running(sweep=chore):
        await until(is_swept)
    assert await world.store.find_token(hash_token("valid"), 0) is not None
