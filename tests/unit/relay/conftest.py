"""Worlds of the gateway whose relay is tested."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.gateway.conftest import World, make_world

from keyhole.gateway.deadlines import Deadlines


@pytest.fixture(params=["plain", "tls"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """The same suite over both kinds of viewer transports."""
    async with make_world(tls=tmp_path if request.param == "tls" else None) as world:
        yield world


@pytest.fixture(params=["plain", "tls"])
async def patient_world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A world whose viewers have some time to read the last bytes before the end."""
    async with make_world(deadlines=Deadlines(linger=20), tls=tmp_path if request.param == "tls" else None) as world:
        yield world


@pytest.fixture
async def plain_world() -> AsyncIterator[World]:
    """For half-closed lines, which TLS does not have."""
    async with make_world() as world:
        yield world
