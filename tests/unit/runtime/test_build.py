"""Errors in settings that are found before anything is started."""

import io
import json
import time
from pathlib import Path
from typing import Any

import pytest

from keyhole import config
from keyhole.errors import ServerNotReady, SettingsError, TooManyAttempts
from keyhole.identity.login_throttle import PAIR
from keyhole.model import ConsoleType, Identity, ServerStatus
from keyhole.runtime.build import check, running
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.telemetry import Telemetry

KEYSTONE = {
    "backend": "keystone",
    "auth_url": "https://cloud.example.com:5000/v3",
    "username": "keyhole",
    "password": "x",
    "project_name": "service",
}


@pytest.fixture(autouse=True)
def no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages need not be built."""
    monkeypatch.setattr("keyhole.runtime.build.load_pages", lambda directory: {})


def settings(project: str, **values: Any) -> config.Settings:
    server = {"id": "1", "name": "vm1", "project": project, "vnc": {"url": "tcp://127.0.0.1:5900"}}
    return config.make({"servers": [server], "drivers": {"simulated": {}}} | values, source="test")


def test_settings_that_can_be_used() -> None:
    assert check(settings("demo")) == ["static", "simulated"]
    assert check(settings("ab" * 16, identity=KEYSTONE)) == ["static", "simulated"]


def test_with_a_keystone_a_servers_project_is_named_by_its_id() -> None:
    with pytest.raises(SettingsError, match=r"project .demo.: .* write the project.s id"):
        check(settings("demo", identity=KEYSTONE))


async def test_that_others_may_use_the_stores_file_is_logged_at_the_start(tmp_path: Path) -> None:
    path, log = tmp_path / "keyhole.db", io.StringIO()
    for mode in (0o600, 0o640):
        path.touch(mode)
        path.chmod(mode)
        store = {"url": f"sqlite:///{path}"}
        async with running(settings("demo", store=store), Telemetry(make_logger(log, json=True))):
            pass
    (told,) = (event for line in log.getvalue().splitlines() if (event := json.loads(line)).get("part") == "store")
    assert told["event"] == "service.degraded"
    assert told["problem"].endswith("is accessible to other users: its mode is 0640, not 0600.")


async def test_failed_sign_ins_wait_no_longer_when_the_clock_is_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = [1_700_000_000.0]
    monkeypatch.setattr(time, "time", lambda: wall[0])
    chosen = settings("demo", store={"url": f"sqlite:///{tmp_path}/keyhole.db"})
    async with running(chosen, Telemetry(make_logger(io.StringIO()))) as service:
        for _ in range(PAIR.free):
            service.throttle.failed("ada", "192.0.2.7")
        wall[0] -= 86400
        with pytest.raises(TooManyAttempts) as refusal:
            service.throttle.admit("ada", "192.0.2.7")
    assert refusal.value.retry_after_seconds == PAIR.first_seconds


async def test_a_server_of_two_instances_of_a_driver_is_shown_once_and_opened_by_neither(tmp_path: Path) -> None:
    chosen = config.make(
        {
            "drivers": {"simulated": {}, "second": {"driver": "simulated"}},
            "store": {"url": f"sqlite:///{tmp_path}/keyhole.db"},
        },
        source="test",
    )
    admin = Identity("u", "root", "p", "ops", frozenset({"admin"}))
    async with running(chosen, Telemetry(make_logger(io.StringIO()))) as service:
        (server,) = await service.servers.list_for(admin, all_projects=True)
        assert (server.name, server.status, server.protocols) == ("simulated", ServerStatus.UNKNOWN, frozenset())
        with pytest.raises(ServerNotReady):
            await service.consoles.create(admin, server.id, ConsoleType.NOVNC)
