"""Names that somebody else chose, with whatever they hold. A driver's tests inherit `NamesSuite` and give it the
fixture `named`; `UndecodableNamesSuite` if names can reach it that are not text at all.
"""

import io
import json
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from tests.contract.driver_stage import CALLER
from tests.fakes.drivers import sentences

from keyhole.model import ConsoleType, Grant, Location, Rights
from keyhole.ports.drivers import HypervisorDriver
from keyhole.telemetry.logs import make_logger
from keyhole.telemetry.telemetry import Telemetry

MOST_CHARACTERS = 255

NAMES = ["\x1b]0;owned\x07", "two\r\nlines", "\x00", "\u202egnp.exe", "\x85\u2028", "名" * 250]
UNDECODABLE_NAMES = ["half \ud83d", "\udcff\udcfe"]

Named = Callable[[str], AbstractAsyncContextManager[HypervisorDriver]]
"""Makes a driver with one server of that name, whose consoles do not answer where a problem would name it."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class NamesSuite:
    @pytest.mark.parametrize("name", NAMES)
    async def test_a_name_does_no_harm_where_it_is_listed_located_logged_or_shown(
        self, named: Named, name: str
    ) -> None:
        await self._meet(named, name)

    async def _meet(self, named: Named, name: str) -> None:
        async with named(name) as driver:
            (server,) = await driver.list_now() or ()
            assert 0 < len(server.name) <= MOST_CHARACTERS
            assert json.loads(json.dumps(server.name).encode("ascii")) == server.name
            location = await driver.locate(server.id, min(server.protocols))
            assert location.server == server
            problems = await sentences(driver)
            for sentence in problems:
                assert sentence.isprintable()
            for as_json in (True, False):
                lines = _COLOURS.sub("", log_of(location, problems, as_json=as_json)).splitlines()
                assert len(lines) == 1 + len(problems)
                assert "".join(lines).isprintable()


class UndecodableNamesSuite(NamesSuite):
    @pytest.mark.parametrize("name", UNDECODABLE_NAMES)
    async def test_a_name_that_is_not_text_does_no_harm(self, named: Named, name: str) -> None:
        await self._meet(named, name)


def log_of(location: Location, problems: list[str], *, as_json: bool) -> str:
    """What is logged when a console is opened and when problems appear."""
    server, stream = location.server, io.StringIO()
    telemetry = Telemetry(make_logger(stream, json=as_json))
    telemetry.console_opened("s1", grant_of(location), "10.0.0.1", 0.1, encrypted=None)
    for problem in problems:
        telemetry.service_degraded(server.host, problem)
    return stream.getvalue()


def grant_of(location: Location) -> Grant:
    """A link to a console."""
    server = location.server
    return Grant(
        token_hash="0" * 64,
        user_id=CALLER.user_id,
        user_name=CALLER.user_name,
        project_id=server.project_id,
        server_id=server.id,
        server_name=server.name,
        console_type=ConsoleType.NOVNC,
        address=location.place,
        rights=Rights.CONTROL,
        created_at=0.0,
        expires_at=600.0,
    )
