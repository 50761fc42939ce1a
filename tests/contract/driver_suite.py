"""The contract of all drivers. A driver's tests inherit `DriverSuite` and supply the fixtures `stage` and `broken`;
`DoublesSuite` if its consoles are those of drivers/simulated.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace

import pytest
from tests.contract.driver_stage import (
    CALLER,
    CONTEXT,
    CREDENTIAL,
    PASSWORD,
    PROJECT,
    Broken,
    Stage,
    held,
    knock,
    told,
    until_held,
)
from tests.fakes.drivers import target_of
from tests.fakes.waiting import until

from keyhole.drivers.simulated.listener import Connection
from keyhole.errors import ConsoleUnavailable, ServerNotFound
from keyhole.model import Dialled, Handed, Listed, Protocol, Screenshot, Target, TcpAddress

UNKNOWN_IDS = ["", "unknown", "00000000-0000-0000-0000-000000000000", "../x", "\ud800"]


class DriverSuite:
    """What every driver does."""

    async def test_it_has_the_name_of_its_instance(self, stage: Stage) -> None:
        assert stage.driver.name == CONTEXT.name

    async def test_what_it_tells_first_is_what_it_lists_and_finds(self, stage: Stage) -> None:
        news = stage.driver.watch()
        first = await anext(news)
        await news.aclose()  # type: ignore[attr-defined]
        assert isinstance(first, Listed)
        assert [server.id for server in first.servers] == [stage.server_id]
        assert await stage.driver.find_server(stage.server_id) == first.servers[0]
        listed = await stage.driver.list_now()
        assert listed is None or tuple(listed) == first.servers

    async def test_a_server_is_of_its_project_and_says_what_it_offers(self, stage: Stage) -> None:
        server = await stage.driver.find_server(stage.server_id)
        assert server is not None
        assert server.project_id == CONTEXT.project_id_of(PROJECT)
        assert server.protocols == stage.protocols

    @pytest.mark.parametrize("server_id", UNKNOWN_IDS)
    async def test_an_unknown_server_is_not_found(self, stage: Stage, server_id: str) -> None:
        assert await stage.driver.find_server(server_id) is None
        with pytest.raises(ServerNotFound):
            await stage.driver.locate(server_id, Protocol.VNC)
        with pytest.raises(ServerNotFound):
            await stage.driver.console_log(server_id, None)
        with pytest.raises(ServerNotFound):
            await stage.driver.screenshot(server_id)

    async def test_a_place_is_the_same_however_often_it_is_asked_for(self, stage: Stage) -> None:
        for protocol in stage.protocols:
            first = await stage.driver.locate(stage.server_id, protocol)
            before = await held()
            assert {(await stage.driver.locate(stage.server_id, protocol)).place for _ in range(20)} == {first.place}
            assert await held() == before
            assert (first.server.id, first.protocol) == (stage.server_id, protocol)

    async def test_each_console_that_is_offered_can_be_opened_by_whoever_asks(self, stage: Stage) -> None:
        for protocol in stage.protocols:
            location = await stage.driver.locate(stage.server_id, protocol)
            for caller in (None, CALLER):
                async with stage.driver.open(location, caller) as target:
                    assert target.protocol is protocol
                    await knock(target)

    async def test_a_console_that_has_an_address_has_it_as_its_place(self, stage: Stage) -> None:
        for protocol in stage.protocols:
            location = await stage.driver.locate(stage.server_id, protocol)
            route = (await target_of(stage.driver, stage.server_id, protocol)).route
            if isinstance(route, Dialled):
                assert location.place == route.endpoint

    async def test_an_address_that_is_dialled_is_one_that_a_console_can_have(self, stage: Stage) -> None:
        for protocol in stage.protocols:
            route = (await target_of(stage.driver, stage.server_id, protocol)).route
            if isinstance(route, Dialled) and isinstance(route.address, TcpAddress):
                assert 0 < route.address.port < 65536
                assert route.address.host not in ("", "0.0.0.0", "::")

    async def test_two_lines_at_once_are_as_the_console_is_said_to_take_them(self, stage: Stage) -> None:
        for protocol in stage.protocols:
            location = await stage.driver.locate(stage.server_id, protocol)
            if location.traits.max_lines == 1:
                assert location.traits.newcomer != "beside"
                continue
            async with stage.driver.open(location, None) as first, stage.driver.open(location, None) as second:
                assert first.protocol is second.protocol
                await knock(first)
                await knock(second)

    async def test_a_line_that_is_closed_or_cancelled_at_any_step_of_its_opening_leaves_nothing(
        self, stage: Stage
    ) -> None:
        for protocol in stage.protocols:
            location = await stage.driver.locate(stage.server_id, protocol)
            async with stage.driver.open(location, None):  # what is made once and kept
                pass
            before, is_open, steps = await held(), False, 0
            while not is_open:
                task = asyncio.create_task(self._target(stage.driver.open(location, CALLER)))
                for _ in range(steps):
                    await asyncio.sleep(0)
                is_open = task.done()
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                await until_held(before)
                steps += 1 + steps // 8

    async def test_no_text_holds_a_password_or_the_callers_credential(
        self, stage: Stage, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        driver, texts = stage.driver, []
        for server_id in (stage.server_id, "unknown"):
            for protocol in Protocol:
                texts.append(await told(driver.locate(server_id, protocol)))
            for call in (driver.find_server, driver.screenshot):
                texts.append(await told(call(server_id)))
            texts.append(await told(driver.console_log(server_id, None)))
        for protocol in stage.protocols:
            location = await driver.locate(stage.server_id, protocol)
            elsewhere = replace(location, server=replace(location.server, id="unknown"), detail=None)
            for where in (location, elsewhere):
                texts.append(repr(where.detail) + await told(self._target(driver.open(where, CALLER))))
        texts += [
            await told(driver.list_now()),
            await told(driver.check()),
            repr(driver),
            repr(getattr(driver, "__dict__", "")),
        ]
        for text in (*texts, caplog.text, *capfd.readouterr()):
            assert PASSWORD not in text
            assert CREDENTIAL not in text

    async def _target(self, line: AbstractAsyncContextManager[Target]) -> Target:
        async with line as target:
            if isinstance(target.route, Handed):
                target.route.line.close()
            return target

    async def test_a_console_that_is_not_offered_is_named(self, stage: Stage) -> None:
        for protocol in set(Protocol) - stage.protocols:
            with pytest.raises(ConsoleUnavailable) as caught:
                await stage.driver.locate(stage.server_id, protocol)
            assert caught.value.console_type == protocol

    async def test_a_screenshot_is_a_picture_or_left_to_the_console(self, stage: Stage) -> None:
        found = await stage.driver.screenshot(stage.server_id)
        assert found is None or isinstance(found, Screenshot)

    async def test_the_log_is_what_the_guest_wrote_and_its_end_is_counted_in_lines(self, stage: Stage) -> None:
        whole = stage.log()
        lines = whole.split(b"\n")
        assert len(lines) > 3
        assert await stage.driver.console_log(stage.server_id, None) == whole
        for count in (0, 1, 2, 3, len(lines), len(lines) + 1):
            expected = b"\n".join(lines[-count:]) if count else b""
            assert await stage.driver.console_log(stage.server_id, count) == expected

    async def test_a_server_says_that_its_log_is_kept(self, stage: Stage) -> None:
        server = await stage.driver.find_server(stage.server_id)
        assert server is not None
        assert server.keeps_log

    async def test_a_driver_that_is_well_has_no_troubles(self, stage: Stage) -> None:
        assert list(await stage.driver.check()) == []

    async def test_a_target_that_is_gone_is_a_trouble(self, broken: Broken) -> None:
        (problem,) = await broken.driver.check()
        assert broken.named in problem.sentence
        assert problem.sentence.endswith(".")
        assert "\n" not in problem.sentence
        assert problem.code
        (again,) = await broken.driver.check()
        assert again.since == problem.since > 0


class DoublesSuite(DriverSuite):
    """The same for a driver whose consoles are doubles: they count the lines that are opened."""

    @pytest.fixture
    def lines(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
        """How many lines to the consoles have been opened so far."""
        count, made = 0, Connection.connection_made

        def counted(self: Connection, transport: asyncio.BaseTransport) -> None:
            nonlocal count
            count += 1
            made(self, transport)

        monkeypatch.setattr(Connection, "connection_made", counted)
        return lambda: count

    async def test_to_locate_a_console_opens_no_line(self, stage: Stage, lines: Callable[[], int]) -> None:
        for protocol in stage.protocols:
            before = lines()
            for _ in range(100):
                location = await stage.driver.locate(stage.server_id, protocol)
            async with stage.driver.open(location, None) as target:
                await knock(target)
            await self._one_more(before, lines)

    async def _one_more(self, before: int, lines: Callable[[], int]) -> None:
        """Lines are accepted in order: an earlier one is counted before the last."""
        await until(lambda: lines() > before)
        assert lines() == before + 1
