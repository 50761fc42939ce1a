"""The drivers that the settings name: found by their entry points, their sections checked."""

import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import BaseModel, ValidationError

from keyhole import config
from keyhole.config import Settings
from keyhole.errors import SettingsError
from keyhole.ports.drivers import DriverContext, DriverFactory, HypervisorDriver

DRIVERS_GROUP = "keyhole.drivers"

STATIC = "static"
"""The driver of `[[servers]]`, which has no section."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True, slots=True)
class DriverChoice:
    """An instance of a driver: its name, its factory (from its entry point) and its own checked section."""

    name: str
    factory: DriverFactory
    settings: BaseModel

    def make(self, context: DriverContext) -> AbstractAsyncContextManager[HypervisorDriver]:
        """The driver, to be entered. Raises SettingsError."""
        return self.factory(self.settings, context)


def chosen_drivers(settings: Settings) -> list[DriverChoice]:
    """The drivers in use. Raises SettingsError naming the section."""
    known = {entry.name: entry for entry in entry_points(group=DRIVERS_GROUP)}
    choices = []
    if settings.servers:
        choices.append(_choice(STATIC, known[STATIC], {"servers": settings.servers}))
    for name, section in settings.drivers.items():
        driver = str(section.get("driver") or name)
        if driver not in known or STATIC in (driver, name):
            names = ", ".join(sorted(set(known) - {STATIC}))
            wrong = f"drivers.{name}: there is no such driver" if driver == name else f"drivers.{name}.driver: unknown"
            raise SettingsError(f"{wrong}; known are {names}")
        if not _NAME.fullmatch(name):
            raise SettingsError(f"drivers.{name!r}: a name has at most 63 letters, digits, dots, hyphens, underscores")
        choices.append(_choice(name, known[driver], section))
    return choices


def _choice(name: str, entry: EntryPoint, section: Mapping[str, Any]) -> DriverChoice:
    try:
        factory = entry.load()
    except ImportError as error:
        package = entry.dist.name if entry.dist else "keyhole"
        hint = f"; install {package}[{','.join(entry.extras)}]" if entry.extras else ""
        raise SettingsError(f"drivers.{name}: the driver {entry.name} cannot be used: {error}{hint}") from error
    try:
        return DriverChoice(name, factory, factory.Settings.model_validate(section))
    except ValidationError as error:
        raise SettingsError(f"drivers.{name}.{config.describe(error)}") from error
