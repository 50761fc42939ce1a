"""Each limit on the way to a session and in it: what the viewer is told, what is counted, and who goes on."""

import asyncio

import pytest
from tests.fakes.memory_store import MemoryStore
from tests.fakes.rfb_messages import cut_text, key_event
from tests.fakes.rfb_target import echo, flood, listening
from tests.fakes.waiting import until
from tests.fakes.websocket_client import client_frame
from tests.fakes.wire import Frame, Wire
from tests.unit.gateway.conftest import make_world, opened

from keyhole.core.limits import HandshakeLimits, StreamLimits
from keyhole.core.sessions.live import SessionLimits
from keyhole.gateway.deadlines import Deadlines
from keyhole.model import TcpAddress
from keyhole.reasons import Reason

QUICK = Deadlines(head=5, target=0.6, viewer=5, linger=0.3)


async def closed(wire: Wire) -> Frame:
    """The close frame that ends what comes."""
    while (frame := await wire.frame()).opcode != 8:
        pass
    return frame


@pytest.mark.parametrize(
    ("limits", "reason", "code"),
    [
        (SessionLimits(total=2), Reason.LIMIT_SESSIONS, 4006),
        (SessionLimits(per_user=2), Reason.LIMIT_USER, 4007),
        (SessionLimits(per_project=2), Reason.LIMIT_PROJECT, 4008),
        (SessionLimits(per_server=2), Reason.LIMIT_SERVER, 4005),
    ],
)
async def test_one_console_too_many_is_told_so_and_may_come_when_another_ends(
    limits: SessionLimits, reason: Reason, code: int
) -> None:
    async with make_world(limits=limits) as world, listening(echo) as address:
        world.aim(address)
        first, _ = await opened(world), await opened(world)
        third = await world.connect()
        assert (await third.upgrade(f"/?token={await world.token()}")).status == 101
        end = await closed(third)
        assert (end.close_code, end.close_reason.split(":")[0]) == (code, reason)
        assert "2" in end.close_reason
        assert world.refused(reason) == 1
        first.close()
        await until(lambda: len(world.sessions) == 1)
        await opened(world)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (SessionLimits(total=1), Reason.LIMIT_SESSIONS),
        (SessionLimits(per_user=1), Reason.LIMIT_USER),
        (SessionLimits(per_project=1), Reason.LIMIT_PROJECT),
        (SessionLimits(per_server=1), Reason.LIMIT_SERVER),
    ],
)
async def test_consoles_of_other_workers_count(limits: SessionLimits, reason: Reason) -> None:
    store = MemoryStore()
    async with (
        listening(echo) as address,
        make_world(limits=limits, store=store, shared=True) as one,
        make_world(limits=limits, store=store, shared=True) as other,
    ):
        one.aim(address)
        other.aim(address)
        first = await opened(one)
        await until(lambda: store.sessions)
        late = await other.connect()
        await late.upgrade(f"/?token={await other.token()}")
        assert (await closed(late)).close_reason.split(":")[0] == reason
        first.close()
        await until(lambda: not store.sessions)
        await opened(other)


@pytest.mark.programs
async def test_a_connection_without_a_place_that_says_nothing_is_closed() -> None:
    async with make_world(handshakes=HandshakeLimits(total=1)) as world:
        first = await world.connect()
        await until(lambda: world.door.handshakes() == 1)
        late = await world.connect()
        try:
            assert (await late.answer()).status == 503
            assert (await late.rest()).startswith(b"limit_handshakes")
        finally:  # a door that waits for it would never close
            late.close()
            first.close()


async def test_connections_without_a_head_take_places_and_give_them_back() -> None:
    async with make_world(handshakes=HandshakeLimits(total=3)) as world:
        waiting = [await world.connect() for _ in range(3)]
        await until(lambda: world.door.handshakes() == 3)
        late = await world.connect()
        answer = await late.request("GET / HTTP/1.1\nHost: x")
        assert answer.status == 503
        assert (await late.rest()).startswith(b"limit_handshakes: 3 connections")
        assert world.refused(Reason.LIMIT_HANDSHAKES) == 1
        for wire in waiting:
            wire.close()
        await until(lambda: world.door.handshakes() == 0)
        assert (await (await world.connect()).request("GET / HTTP/1.1\nHost: x")).status == 200
        assert world.door.handshakes() == 0


async def test_an_address_has_fewer_places_than_there_are() -> None:
    async with make_world(handshakes=HandshakeLimits(total=10, per_address=2)) as world:
        await world.connect(), await world.connect()
        late = await world.connect()
        assert (await late.request("GET / HTTP/1.1\nHost: x")).status == 429
        assert world.refused(Reason.LIMIT_ADDRESS) == 1


async def test_a_refused_head_gives_its_place_back() -> None:
    async with make_world(handshakes=HandshakeLimits(total=1)) as world:
        for _ in range(3):
            wire = await world.connect()
            wire.writer.write(b"GET /?token=x HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
            assert (await wire.answer()).status == 400
            await wire.rest()
        assert world.door.handshakes() == 0


async def test_behind_a_proxy_the_clients_address_counts_and_the_viewer_can_read_why() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    handshakes = HandshakeLimits(total=10, per_address=1)
    async with (
        make_world(handshakes=handshakes, proxies=["127.0.0.1"], deadlines=QUICK) as world,
        listening(silent) as address,
    ):
        world.aim(address)
        path = f"/?token={await world.token()}"
        first = await world.connect()
        assert (await first.upgrade(path, "X-Forwarded-For: 2001:db8::1")).status == 101
        neighbour = await world.connect()
        assert (await neighbour.upgrade("/?token=x", "X-Forwarded-For: 2001:db8::2")).status == 101
        end = await closed(neighbour)
        assert (end.close_code, end.close_reason.split(":")[0]) == (4017, "limit_address")
        stranger = await world.connect()
        assert (await stranger.upgrade("/?token=x", "X-Forwarded-For: 2001:db8:1::1")).status == 403
        page = await world.connect()
        assert (await page.request("GET / HTTP/1.1\nHost: x\nX-Forwarded-For: 2001:db8::2")).status == 200
        first.close()
        await until(lambda: world.door.handshakes() == 0, 15)


async def test_a_server_is_dialled_by_turns() -> None:
    dialled = most = 0

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal dialled, most
        dialled += 1
        most = max(most, dialled)
        await asyncio.sleep(0.01)
        dialled -= 1
        await echo(reader, writer)

    async with make_world(dials_per_server=2) as world, listening(slow) as address:
        world.aim(address)
        await asyncio.gather(*(opened(world) for _ in range(8)))
        assert most == 2


async def test_who_gets_no_turn_in_time_is_told_that_the_server_is_busy() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with make_world(dials_per_server=1, deadlines=QUICK) as world, listening(silent) as address:
        world.aim(address)
        wires = [await world.connect() for _ in range(2)]
        for wire in wires:
            await wire.upgrade(f"/?token={await world.token()}")
        reasons = {(await closed(wire)).close_reason.split(":")[0] for wire in wires}
        assert reasons == {"target_unreachable", "limit_server_handshakes"}
        errors = world.telemetry.registry.get_sample_value(
            "keyhole_target_errors_total", {"driver": "one", "reason": "target_unreachable"}
        )
        assert errors == 1


@pytest.mark.parametrize(
    ("sent", "reason", "code"),
    [
        (client_frame(bytes(2000)), Reason.LIMIT_FRAME, 1009),
        (client_frame(bytes(900), final=False) + client_frame(bytes(900), opcode=0), Reason.LIMIT_FRAME, 1009),
        (client_frame(cut_text(bytes(101))), Reason.LIMIT_CUT_TEXT, 1009),
        (client_frame(key_event() * 41), Reason.LIMIT_MESSAGES, 4022),
        (client_frame(key_event()) * 41, Reason.LIMIT_MESSAGES, 4022),
        (client_frame(b"ping", opcode=9) * 41, Reason.LIMIT_MESSAGES, 4022),
    ],
    ids=["frame", "message", "cut_text", "messages", "frames", "pings"],
)
async def test_what_a_viewer_may_not_send_ends_its_own_session_by_name(sent: bytes, reason: Reason, code: int) -> None:
    streams = StreamLimits(frame_bytes=1000, message_bytes=1500, cut_text_bytes=100, messages_per_second=20)
    async with make_world(streams=streams) as world, listening(echo) as address:
        world.aim(address)
        wire, other = await opened(world), await opened(world)
        wire.writer.write(sent)
        end = await closed(wire)
        assert (end.close_code, end.close_reason.split(":")[0]) == (code, reason)
        assert (await world.event("console.closed"))["reason"] == reason
        metric = world.telemetry.registry.get_sample_value("keyhole_sessions_closed_total", {"reason": reason})
        assert metric == 1
        other.send(key_event())
        assert (await other.frame()).payload == key_event()


@pytest.mark.programs
async def test_a_viewer_that_goes_on_sending_can_still_read_why_it_was_ended() -> None:
    streams, deadlines = StreamLimits(messages_per_second=20), Deadlines(linger=2)
    async with make_world(streams=streams, deadlines=deadlines) as world, listening(flood) as address:
        world.aim(address)
        wire = await opened(world)
        wire.transport.pause_reading()  # the reason has to wait behind much of the screen
        (session,) = world.sessions
        await until(lambda: session.relay.buffered_bytes > 50_000)
        for _ in range(10):
            wire.writer.write(client_frame(key_event()) * 41)
            await world.event("console.closed")
        wire.transport.resume_reading()
        assert (await closed(wire)).close_reason.startswith("limit_messages")
        wire.send(b"\x03\xe8", opcode=8)


async def test_a_steady_typist_is_never_too_fast() -> None:
    async with make_world(streams=StreamLimits(messages_per_second=20)) as world, listening(echo) as address:
        world.aim(address)
        wire = await opened(world)
        for _ in range(5):
            for _ in range(15):
                wire.send(key_event())
                await wire.frame()
            world.sweep()
        assert len(world.sessions) == 1


async def test_a_viewer_that_lets_too_much_pile_up_is_ended_at_the_next_tick() -> None:
    async with make_world(limits=SessionLimits(buffered_bytes=50_000)) as world, listening(flood) as address:
        world.aim(address)
        await opened(world)
        (session,) = world.sessions
        await until(lambda: session.relay.buffered_bytes > 50_000)
        world.sweep()
        assert (await world.event("console.closed"))["reason"] == "limit_buffer"


async def test_bytes_are_counted_while_a_session_is_open() -> None:
    def relayed(direction: str) -> float | None:
        return world.telemetry.registry.get_sample_value("keyhole_session_bytes_total", {"direction": direction})

    async with make_world() as world, listening(echo) as address:
        world.aim(address)
        wire = await opened(world)
        for _ in range(2):
            wire.send(key_event())
            await wire.frame()
            world.sweep()
        assert (relayed("to_viewer"), relayed("to_target")) == (16, 16)
        wire.send(key_event())
        await wire.frame()
        wire.close()
        event = await world.event("console.closed")
        assert (relayed("to_target"), event["to_target_bytes"]) == (24, 24)


async def test_nobody_listens_at_the_targets_address() -> None:
    async with make_world() as world:
        world.aim(TcpAddress("127.0.0.1", 1))
        wire = await world.connect()
        await wire.upgrade(f"/?token={await world.token()}")
        assert (await closed(wire)).close_reason.startswith("target_refused")
        value = world.telemetry.registry.get_sample_value
        assert value("keyhole_target_errors_total", {"driver": "one", "reason": "target_refused"}) == 1
