"""`keyhole serve`."""

import asyncio
from pathlib import Path

import uvloop

from keyhole import config
from keyhole.app import running
from keyhole.cli.signals import until_told_to_stop
from keyhole.config import Settings
from keyhole.observe.logs import make_logger
from keyhole.observe.observer import Observer


def serve(path: Path | None) -> None:
    """Runs the service with the settings in `path` until SIGINT or SIGTERM. Raises SettingsError."""
    uvloop.run(until_told_to_stop(_serve(config.load(path))))


async def _serve(settings: Settings) -> None:
    async with running(settings, Observer(make_logger())):
        await asyncio.Event().wait()
