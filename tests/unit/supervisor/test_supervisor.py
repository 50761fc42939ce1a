"""Failed reloads: they are reported, and the serving workers do not change."""

import io
import json
import sys
from pathlib import Path

import pytest
from tests.fakes import stub_worker

from keyhole.errors import SettingsError
from keyhole.supervisor.generation import Generation
from keyhole.supervisor.log import SupervisorLog
from keyhole.supervisor.notify import Notifier
from keyhole.supervisor.process import SettingsText
from keyhole.supervisor.supervisor import Supervisor


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def supervisor(log: io.StringIO) -> Supervisor:
    return Supervisor(None, SupervisorLog(log), Notifier({}), [])


def events(log: io.StringIO) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [(line["event"], line.get("message") or line["exception"].splitlines()[-1]) for line in lines]


async def test_a_defect_in_a_reload_is_in_the_log(
    supervisor: Supervisor, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError("no")

    monkeypatch.setattr(Generation, "start", fail)
    told = [("service.reload_refused", "ZeroDivisionError: no"), ("service.failed", "ZeroDivisionError: no")]
    with pytest.raises(ZeroDivisionError):
        await supervisor.reload()
    assert events(log) == told
    await supervisor._reload_on_signal()
    assert events(log) == 2 * told


async def test_a_refused_reload_leaves_the_port_as_it_was(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Workers only know the sockets that they received, so they must not be told to accept on others."""
    stub = tmp_path / "stub"
    stub.write_text(f'#!/bin/sh\nexec {sys.executable} -S -E {stub_worker.__file__} "$@"\n')
    stub.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(stub))
    texts = iter(["2", "4 refuses"])
    monkeypatch.setattr(supervisor, "_read", lambda: SettingsText(next(texts), "test"))
    try:
        await supervisor.reload()
        before = list(supervisor._ports.sockets)
        with pytest.raises(SettingsError, match="no such store"):
            await supervisor.reload()
        assert supervisor._ports.sockets == before
        assert before
        assert all(listener.fileno() >= 0 for listener in before)
        assert len(supervisor._workers()) == 2
    finally:
        for worker in supervisor._workers():
            worker.kill()
        await supervisor._end()
