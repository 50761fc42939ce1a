"""What a supervisor makes of workers that do not do as they should, and of being asked to reload when nobody serves."""

import asyncio
import sys
from pathlib import Path

import pytest

from keyhole.errors import KeyholeError, SettingsError
from keyhole.supervisor.process import SettingsText, WorkerFailed, WorkerProcess
from keyhole.supervisor.reloading import answer_reloads, ask_to_reload


async def test_settings_that_are_no_good_are_refused_by_the_worker() -> None:
    worker = await WorkerProcess.start()
    with pytest.raises(SettingsError, match=r"^k\.toml: nonsense: is not a known key$"):
        await worker.prepare(SettingsText("nonsense = 1", "k.toml"))
    await worker.gone()
    assert worker.status == 0


async def test_a_worker_that_ends_before_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    worker = await WorkerProcess.start()
    with pytest.raises(WorkerFailed, match="ended while it started, with status 1"):
        await worker.prepare(SettingsText(None, "settings"))
    await worker.gone()


async def ask(config: Path) -> str | None:
    """What whoever asks for a reload is told, None when all is well."""
    try:
        await asyncio.to_thread(ask_to_reload, config)
    except KeyholeError as error:
        return f"{type(error).__name__}: {error}"
    return None


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (None, None),
        (SettingsError("server.x: no"), "SettingsError: server.x: no"),
        (WorkerFailed("it died"), "KeyholeError: it died"),
    ],
)
async def test_whoever_asks_for_a_reload_learns_how_it_went(
    tmp_path: Path, failure: KeyholeError | None, told: str | None
) -> None:
    async def reload() -> None:
        if failure is not None:
            raise failure

    config = tmp_path / "k.toml"
    assert await ask(config) == f"KeyholeError: no service runs here with the settings in {config}"
    server = await answer_reloads(config, reload)
    assert await ask(config) == told
    server.close()
    await server.wait_closed()
