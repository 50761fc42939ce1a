"""What viewers see of a session, on real sockets: links, handshakes, endings."""

import asyncio
from dataclasses import replace

import pytest
from tests.fakes.rfb_target import SERVER_INIT, echo, listening, shake_hands
from tests.unit.gateway.conftest import PUBLIC_URL, World, make_world, upgraded

from keyhole.core.sessions.live import SessionLimits
from keyhole.gateway.deadlines import Deadlines
from keyhole.model import ConsoleType, Protocol, Rights, TcpAddress, UnixAddress
from keyhole.reasons import Reason

KEY_EVENT = b"\x04\x01\0\0\0\0\0\x61"
QUICK = Deadlines(head=0.3, target=0.4, viewer=0.4, linger=0.3)


async def test_a_link_opens_the_servers_screen(world: World) -> None:
    async with listening(echo) as address:
        world.aim(address)
        wire = await upgraded(world, "Sec-WebSocket-Protocol: binary")
        assert (await wire.rfb_handshake()).payload == SERVER_INIT
        wire.send(KEY_EVENT)
        assert (await wire.frame()).payload == KEY_EVENT
        event = await world.event("console.opened")
        assert (event["user"], event["server_name"], event["type"]) == ("alice", "vm1", "novnc")
        wire.close()
        closed = await world.event("console.closed")
        assert closed["reason"] == "viewer_closed"
        assert closed["to_target_bytes"] == len(KEY_EVENT)
        assert len(world.sessions) == 0


async def test_our_shared_flag_goes_to_the_target_whatever_the_viewer_asks(world: World) -> None:
    shared = asyncio.get_running_loop().create_future()

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shared.set_result((await shake_hands(reader, writer))[0])
        await reader.read()

    async with listening(target) as address:
        world.aim(address)
        wire = await upgraded(world)
        for answer in (b"RFB 003.008\n", b"\x01", b"\0"):
            await wire.frame()
            wire.send(answer)
        assert await asyncio.wait_for(shared, 5) is True


async def test_a_link_opens_once(world: World) -> None:
    async with listening(echo) as address:
        world.aim(address)
        token = await world.token()
        first = await world.connect()
        assert (await first.upgrade(f"/?token={token}")).status == 101
        await first.rfb_handshake()
        second = await world.connect()
        answer = await second.upgrade(f"/?token={token}")
        assert (answer.status, answer.headers["connection"], answer.headers["content-length"]) == (403, "close", "0")
        assert await second.rest() == b""
        assert world.refused(Reason.TOKEN_USED) == 1
        assert (await world.event("refused"))["reason"] == "token_used"


async def test_a_reusable_link_opens_again() -> None:
    async with make_world(reusable=True) as world, listening(echo) as address:
        world.aim(address)
        token = await world.token()
        for _ in range(2):
            wire = await world.connect()
            assert (await wire.upgrade(f"/?token={token}")).status == 101
            await wire.rfb_handshake()


@pytest.mark.parametrize("path", ["/?token=nonsense", "/?token=" + "x" * 5000, "/anything?x=1&token=%00"])
async def test_an_unknown_token_is_refused_before_the_upgrade(world: World, path: str) -> None:
    wire = await world.connect()
    assert (await wire.upgrade(path)).status == 403
    assert await wire.rest() == b""
    assert world.refused(Reason.TOKEN_UNKNOWN) == 1


async def test_a_missing_token_is_refused(world: World) -> None:
    wire = await world.connect()
    assert (await wire.upgrade("/")).status == 403
    assert world.refused(Reason.TOKEN_MISSING) == 1


async def test_an_expired_token_is_refused(world: World) -> None:
    world.aim(TcpAddress("127.0.0.1", 1))
    token = await world.token()
    ((key, grant),) = world.store.grants.items()
    world.store.grants[key] = replace(grant, expires_at=0.0)
    wire = await world.connect()
    assert (await wire.upgrade(f"/?token={token}")).status == 403
    assert world.refused(Reason.TOKEN_EXPIRED) == 1


async def test_the_token_may_come_as_a_cookie_but_then_the_origin_must_be_ours(world: World) -> None:
    async with listening(echo) as address:
        world.aim(address)
        cookie = f"Cookie: junk; token={await world.token()}"
        refused = await world.connect()
        assert (await refused.upgrade("/", cookie)).status == 403
        assert world.refused(Reason.ORIGIN_REFUSED) == 1
        wire = await world.connect()
        assert (await wire.upgrade("/", cookie, f"Origin: {PUBLIC_URL}")).status == 101
        await wire.rfb_handshake()


@pytest.mark.parametrize(
    "origin",
    ["http://console.example.com", "https://console.example.com:8443", "https://evil.example", "null", "",
     "https://anything.example", "https://console.example.com.evil.example"],
)  # fmt: skip
async def test_another_origin_is_refused_and_the_link_stays_good(world: World, origin: str) -> None:
    async with listening(echo) as address:
        world.aim(address)
        token = await world.token()
        wire = await world.connect()
        assert (await wire.upgrade(f"/?token={token}", f"Origin: {origin}")).status == 403
        assert world.refused(Reason.ORIGIN_REFUSED) == 1
        again = await world.connect()
        assert (await again.upgrade(f"/?token={token}", f"Origin: {PUBLIC_URL}")).status == 101
        await again.rfb_handshake()


async def test_a_console_that_moved_is_refused_by_name(world: World) -> None:
    async with listening(echo) as address:
        world.aim(TcpAddress("127.0.0.1", 1))
        token = await world.token()
        world.aim(address)
        wire = await world.connect()
        assert (await wire.upgrade(f"/?token={token}")).status == 101
        frame = await wire.frame()
        assert (frame.opcode, frame.close_code) == (8, 4014)
        assert frame.close_reason.startswith("server_moved")


async def test_a_server_that_is_gone_makes_its_tokens_unknown(world: World) -> None:
    world.aim(TcpAddress("127.0.0.1", 1))
    token = await world.token()
    world.driver.gone = True
    wire = await world.connect()
    assert (await wire.upgrade(f"/?token={token}")).status == 403
    assert world.refused(Reason.TOKEN_UNKNOWN) == 1


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read()


async def endless_version(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"9" * 65536)
        await writer.drain()


async def long_reason(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"RFB 003.008\n\0\xff\xff\xff\xff" + b"go away <b>now</b> " * 100)
    await reader.read()


async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in b"RFB 003.008\n" * 100:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.05)


async def close_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"RFB 003.008\n")


async def refuses_and_hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"RFB 003.008\n\0\0\0\0\x40too")


async def wrong_security(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"RFB 003.008\n\x01\x10")
    await reader.read()


async def huge_name(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"RFB 003.008\n\x01\x01\0\0\0\0" + SERVER_INIT[:20] + b"\xff\xff\xff\xff" + b"n" * 100000)
    await reader.read()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (silent, "target_unreachable"),
        (garbage, "target_protocol_error"),
        (endless_version, "target_protocol_error"),
        (long_reason, "target_security_refused"),
        (dribble, "target_protocol_error"),
        (close_at_once, "target_closed"),
        (refuses_and_hangs_up, "target_security_refused"),
        (wrong_security, "target_security_refused"),
        (huge_name, "target_protocol_error"),
    ],
)
async def test_a_hostile_target_ends_by_name_and_the_link_may_be_tried_again(script, reason) -> None:  # type: ignore[no-untyped-def]
    async with make_world(deadlines=QUICK) as world, listening(script) as address:
        world.aim(address)
        token = await world.token()
        wire = await world.connect()
        assert (await wire.upgrade(f"/?token={token}")).status == 101
        frame = await wire.frame()
        assert frame.opcode == 8
        assert frame.close_reason.partition(":")[0] == reason
        assert len(frame.payload) <= 125
        assert world.refused(Reason(reason)) == 1
        assert (await world.consoles.inspect(token)).redeemed_at is None


@pytest.mark.parametrize(
    ("address", "reason"),
    [(TcpAddress("127.0.0.1", 1), "target_refused"), (UnixAddress("/nowhere/at.all"), "target_unreachable")],
)
async def test_an_absent_target_is_told_by_name_without_its_address(world: World, address, reason) -> None:  # type: ignore[no-untyped-def]
    world.aim(address)
    wire = await upgraded(world)
    frame = await wire.frame()
    assert frame.close_reason.partition(":")[0] == reason
    assert "127.0.0.1" not in frame.close_reason
    assert "nowhere" not in frame.close_reason


async def test_a_link_in_the_place_of_a_socket_is_not_followed(world: World, tmp_path) -> None:  # type: ignore[no-untyped-def]
    server = await asyncio.start_unix_server(echo, tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    world.aim(UnixAddress(str(tmp_path / "link")))
    async with server:
        frame = await (await upgraded(world)).frame()
        assert frame.close_reason.startswith("target_unreachable")


async def test_a_password_signs_in_to_the_target_and_the_viewer_needs_none(world: World) -> None:
    challenge = bytes(range(16))
    answers = []

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"RFB 003.008\n\x01\x02")
        await reader.readexactly(13)
        writer.write(challenge)
        answers.append(await reader.readexactly(16))
        writer.write(b"\0\0\0\0")
        await reader.readexactly(1)
        writer.write(SERVER_INIT)
        await reader.read()

    async with listening(target) as address:
        world.aim(address, password="secret")
        wire = await upgraded(world)
        assert (await wire.rfb_handshake()).payload == SERVER_INIT
        assert len(answers[0]) == 16
        assert answers[0] != challenge


@pytest.mark.parametrize(
    "opening", ["CONNECT /console?token={} HTTP/1.0", "GET /console?token={} HTTP/1.1\nAccept: */*"]
)
async def test_a_native_viewer_gets_raw_rfb(world: World, opening: str) -> None:
    async with listening(echo) as address:
        world.aim(address)
        token = await world.token(ConsoleType.XVPVNC)
        wire = await world.connect()
        wire.writer.write(opening.format(token).replace("\n", "\r\n").encode() + b"\r\n\r\n")
        assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 OK\r\n\r\n"
        assert await wire.reader.readexactly(12) == b"RFB 003.008\n"
        wire.writer.write(b"RFB 003.008\n\x01\x01")
        assert await wire.reader.readexactly(2 + 4 + len(SERVER_INIT)) == b"\x01\x01\0\0\0\0" + SERVER_INIT
        wire.writer.write(KEY_EVENT)
        assert await wire.reader.readexactly(8) == KEY_EVENT
        again = await world.connect()
        assert (await again.request(opening.format(token))).status == 403
        assert await again.rest() == b""


async def test_a_native_viewer_is_told_by_status(world: World) -> None:
    wire = await world.connect()
    assert (await wire.request("CONNECT /console HTTP/1.0")).status == 400
    world.aim(TcpAddress("127.0.0.1", 1))
    down = await world.connect()
    answer = await down.request(f"CONNECT /console?token={await world.token()} HTTP/1.0")
    assert answer.status == 502
    assert (await down.rest()).decode().startswith("target_refused")


async def test_the_targets_end_is_told(world: World) -> None:
    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        await reader.readexactly(8)
        writer.write(b"\x02last words")

    async with listening(target) as address:
        world.aim(address)
        wire = await upgraded(world)
        await wire.rfb_handshake()
        wire.send(KEY_EVENT)
        assert (await wire.frame()).payload == b"\x02last words"
        frame = await wire.frame()
        assert (frame.close_code, frame.close_reason) == (1000, "target_closed")
        assert (await world.event("console.closed"))["reason"] == "target_closed"


async def test_a_viewer_that_says_nothing_in_its_handshake_is_ended() -> None:
    async with make_world(deadlines=QUICK) as world, listening(echo) as address:
        world.aim(address)
        wire = await upgraded(world)
        assert (await wire.frame()).payload == b"RFB 003.008\n"
        assert (await wire.frame()).close_reason.startswith("viewer_timeout")


async def test_a_viewer_that_speaks_nonsense_is_ended_and_the_target_hears_nothing_of_it(world: World) -> None:
    heard = bytearray()

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer)
        heard.extend(await reader.read())

    async with listening(target) as address:
        world.aim(address)
        wire = await upgraded(world)
        await wire.rfb_handshake()
        wire.send(b"\xc8nonsense")
        frame = await wire.frame()
        assert (frame.close_code, frame.close_reason.partition(":")[0]) == (1002, "viewer_protocol_error")
        await world.event("console.closed")
        assert heard == b""


async def test_pings_are_answered_and_a_close_is_echoed(world: World) -> None:
    async with listening(echo) as address:
        world.aim(address)
        wire = await upgraded(world)
        await wire.rfb_handshake()
        wire.send(b"are you there", opcode=9)
        pong = await wire.frame()
        assert (pong.opcode, pong.payload) == (10, b"are you there")
        wire.send((1000).to_bytes(2, "big"), opcode=8)
        assert (await wire.frame()).opcode == 8
        assert await wire.rest() == b""


async def test_limits_of_time_and_of_input_end_a_session_by_name() -> None:
    for limits, reason in (
        (SessionLimits(idle_seconds=1), "idle_limit"),
        (SessionLimits(maximum_seconds=1), "time_limit"),
    ):
        async with make_world(limits=limits) as world, listening(echo) as address:
            world.aim(address)
            wire = await upgraded(world)
            await wire.rfb_handshake()
            world.sweep()
            assert len(world.sessions) == 1
            (session,) = world.sessions
            session.counted_from -= 1
            session.input_at -= 1
            world.sweep()
            assert (await wire.frame()).close_reason.partition(":")[0] == reason


async def test_a_server_has_so_many_consoles_and_no_more() -> None:
    async with make_world(limits=SessionLimits(per_server=1)) as world, listening(echo) as address:
        world.aim(address)
        first = await upgraded(world)
        await first.rfb_handshake()
        second = await upgraded(world)
        assert (await second.frame()).close_reason.startswith("limit_server")
        first.close()
        await world.event("console.closed")
        third = await upgraded(world)
        await third.rfb_handshake()


async def test_a_serial_console_is_raw_bytes_both_ways(world: World) -> None:
    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"login: ")
        while data := await reader.read(100):
            writer.write(data.upper())

    async with listening(target) as address:
        world.aim(address, protocol=Protocol.SERIAL)
        wire = await world.connect()
        assert (await wire.upgrade(f"/?token={await world.token(ConsoleType.SERIAL)}")).status == 101
        assert (await wire.frame()).payload == b"login: "
        wire.send(b"root\r", opcode=1)
        assert (await wire.frame()).payload == b"ROOT\r"


async def test_who_may_only_watch_a_serial_console_reads_and_does_not_write(world: World) -> None:
    typed = bytearray()

    async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"login: ")
        while data := await reader.read(100):
            typed.extend(data)

    async with listening(target) as address:
        world.aim(address, protocol=Protocol.SERIAL)
        token = await world.token(ConsoleType.SERIAL)
        world.store.grants = {key: replace(grant, rights=Rights.WATCH) for key, grant in world.store.grants.items()}
        wire = await world.connect()
        assert (await wire.upgrade(f"/?token={token}")).status == 101
        assert (await wire.frame()).payload == b"login: "
        wire.send(b"root\r")
        wire.close()
        closed = await world.event("console.closed")
        assert (closed["reason"], closed["to_target_bytes"], bytes(typed)) == ("viewer_closed", 0, b"")


async def test_restarting_is_told_to_sessions_and_to_those_still_setting_up(world: World) -> None:
    async with listening(echo) as address, listening(silent) as mute:
        world.aim(address)
        wire = await upgraded(world)
        await wire.rfb_handshake()
        world.aim(mute)
        waiting = await upgraded(world)
        closing = asyncio.create_task(world.door.close(world.listener))
        for one in (wire, waiting):
            frame = await one.frame()
            assert (frame.close_code, frame.close_reason) == (1001, "restarting")
        await asyncio.wait_for(closing, 5)
