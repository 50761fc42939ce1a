"""After a console failed to open, its link, slot and line are free again."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from tests.fakes.rfb_target import echo, listening, shake_hands
from tests.fakes.waiting import until
from tests.fakes.wire import Wire
from tests.unit.gateway.conftest import PUBLIC_URL, World, make_world

from keyhole.core.sessions.live import SessionLimits
from keyhole.gateway.deadlines import Deadlines
from keyhole.gateway.dial_queue import DialQueue, DialSlot
from keyhole.gateway.session import open_session
from keyhole.model import ConsoleType, Server
from keyhole.reasons import Reason
from keyhole.relay.relay import Relay

ONE_SESSION = SessionLimits(total=1)


@dataclass
class Host:
    """A console's host that counts its open connections."""

    answers: bool = True
    lines: int = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines += 1
        try:
            if self.answers:
                await shake_hands(reader, writer)
            with suppress(ConnectionError):
                await reader.read()
        finally:
            self.lines -= 1


def then_failing(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that does its work and then fails with a defect."""

    def call(*arguments: Any, **options: Any) -> None:
        function(*arguments, **options)
        raise RuntimeError("a defect")

    return call


async def upgraded(world: World, token: str, *headers: str) -> Wire:
    wire = await world.connect()
    assert (await wire.upgrade(f"/?token={token}", *headers)).status == 101
    return wire


async def ending_of(wire: Wire) -> tuple[int | None, str]:
    """The code and the reason of the only close frame, after which nothing follows."""
    while (frame := await wire.frame()).opcode != 8:
        pass
    wire.send(frame.payload, opcode=8)
    assert await wire.rest() == b""
    return frame.close_code, frame.close_reason


async def is_good(world: World, token: str) -> bool:
    return (await world.consoles.inspect(token)).redeemed_at is None


async def test_a_set_up_that_a_restart_broke_off(world: World) -> None:
    host = Host(answers=False)
    async with listening(host) as address:
        world.aim(address)
        token = await world.token()
        wire = await upgraded(world, token)
        await until(lambda: host.lines)
        closing = asyncio.create_task(world.door.close(world.listener))
        assert await ending_of(wire) == (1001, "restarting")
        await closing
        assert await is_good(world, token)
        await until(lambda: host.lines == 0)


async def test_a_set_up_that_failed_by_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host()
    async with make_world(limits=ONE_SESSION) as world, listening(host) as address:
        world.aim(address)
        token = await world.token()
        monkeypatch.setattr(world.telemetry, "target_joined", then_failing(world.telemetry.target_joined))
        assert await ending_of(await upgraded(world, token)) == (1011, "internal_error")
        assert await is_good(world, token)
        await until(lambda: host.lines == 0)
        assert "a defect" in str(await world.event("service.failed"))
        monkeypatch.undo()
        await (await upgraded(world, token)).rfb_handshake()


async def test_a_session_that_the_audit_cannot_be_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host()
    async with make_world(limits=ONE_SESSION) as world, listening(host) as address:
        world.aim(address)
        token = await world.token()
        monkeypatch.setattr(world.telemetry, "console_opened", then_failing(world.telemetry.console_opened))
        wire = await upgraded(world, token)
        await wire.rfb_handshake()
        assert await ending_of(wire) == (1011, "internal_error")
        assert (len(world.sessions), world.store.sessions) == (0, {})
        assert await is_good(world, token)
        await until(lambda: host.lines == 0)
        monkeypatch.undo()
        await (await upgraded(world, token)).rfb_handshake()


async def test_a_session_whose_bytes_cannot_begin_to_move(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host()
    async with make_world(limits=ONE_SESSION) as world, listening(host) as address:
        world.aim(address)
        token = await world.token()
        monkeypatch.setattr(Relay, "start", then_failing(Relay.start))
        wire = await upgraded(world, token)
        await wire.rfb_handshake()
        assert await ending_of(wire) == (1011, "internal_error")
        assert (await world.event("console.closed"))["reason"] == "internal_error"
        assert "a defect" in str(await world.event("service.failed"))
        assert len(world.sessions) == 0
        assert await is_good(world, token)
        await until(lambda: host.lines == 0)
        await until(lambda: not world.store.sessions)
        monkeypatch.undo()
        await (await upgraded(world, token)).rfb_handshake()


async def test_such_a_session_is_come_back_to_by_its_ticket_and_its_link_stays_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with make_world(limits=ONE_SESSION) as world, listening(echo) as address:
        world.aim(address)
        token, origin = await world.token(), f"Origin: {PUBLIC_URL}"
        monkeypatch.setattr(Relay, "start", then_failing(Relay.start))
        wire = await world.connect()
        cookie = (await wire.upgrade(f"/?token={token}", origin)).headers["set-cookie"]
        await wire.rfb_handshake()
        assert await ending_of(wire) == (1011, "internal_error")
        monkeypatch.undo()
        secret, *attributes = cookie.split("; ")
        (path,) = (value for name, _, value in (each.partition("=") for each in attributes) if name == "Path")
        again = await world.connect()
        assert (await again.upgrade(path, f"Cookie: {secret}", origin)).status == 101
        await again.rfb_handshake()
        other = await world.connect()
        assert (await other.upgrade(f"/?token={token}", origin)).status == 403


async def test_a_native_viewers_session_whose_bytes_cannot_begin_to_move(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host()
    async with listening(host) as address:
        world.aim(address)
        token = await world.token(ConsoleType.XVPVNC)
        monkeypatch.setattr(Relay, "start", then_failing(Relay.start))
        wire = await world.connect()
        assert (await wire.request(f"CONNECT /console?token={token} HTTP/1.0")).status == 200
        wire.writer.write(b"RFB 003.008\n\x01\x01")
        await wire.rest()
        assert len(world.sessions) == 0
        await until(lambda: host.lines == 0)
        assert await is_good(world, token)


async def test_the_line_to_a_host_that_took_too_long() -> None:
    host = Host(answers=False)
    async with make_world(deadlines=Deadlines(target=0.3, linger=0.3)) as world, listening(host) as address:
        world.aim(address)
        ending = await ending_of(await upgraded(world, await world.token()))
        assert ending == (4010, "target_unreachable: no answer within 0.3 seconds")
        await until(lambda: host.lines == 0)


async def test_the_time_spent_waiting_for_a_turn_is_taken_off_the_targets() -> None:
    now = 0.0

    class SlowTurns(DialQueue):
        """Each turn is 8.8 seconds in coming."""

        def slot(self, server_id: str, seconds: float) -> DialSlot:
            nonlocal now
            now += 8.8
            return super().slot(server_id, seconds)

    async with make_world(deadlines=Deadlines(target=9)) as world, listening(Host(answers=False)) as address:
        slow = replace(world.parts, clock=lambda: now, dial_queue=SlowTurns())
        world.door.open_session = partial(open_session, slow)
        world.aim(address)
        _, reason = await ending_of(await upgraded(world, await world.token()))
        assert reason == "target_unreachable: no answer within 0.2 seconds"


async def test_a_link_to_a_server_that_is_another_projects_by_now(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host()
    async with listening(host) as address:
        world.aim(address)
        token = await world.token()

        async def found(server_id: str) -> Server:
            return Server(server_id, "vm1", "p2")

        monkeypatch.setattr(world.driver, "find_server", found)
        wire = await world.connect()
        assert (await wire.upgrade(f"/?token={token}")).status == 403
        assert world.refused(Reason.TOKEN_UNKNOWN) == 1
        assert host.lines == 0


@pytest.mark.parametrize("joined", [False, True], ids=["handshake", "session"])
async def test_a_goodbye_that_is_not_in_utf8_is_answered_as_such(world: World, joined: bool) -> None:
    async with listening(echo) as address:
        world.aim(address)
        wire = await upgraded(world, await world.token())
        if joined:
            await wire.rfb_handshake()
        wire.send(b"\x03\xe8\xff", opcode=8)
        code, reason = await ending_of(wire)
        assert (code, reason.partition(":")[0]) == (1007, "viewer_protocol_error")
