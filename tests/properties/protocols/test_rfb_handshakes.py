from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.protocols.wire import SIZES, run, split, spoilt

from keyhole.errors import ProtocolError, SecurityRefused
from keyhole.protocols.machine import EARLY_LIMIT_BYTES, Machine
from keyhole.protocols.rfb.handshake.target import ServerInit, TargetHandshake
from keyhole.protocols.rfb.handshake.viewer import ClientInitReceived, ViewerHandshake
from keyhole.protocols.rfb.messages.server_messages import server_init
from keyhole.protocols.rfb.security import SecurityType
from keyhole.protocols.rfb.security.none import NoSecurity
from keyhole.protocols.rfb.security.vnc_auth import VncAuthentication

V3_3, V3_7, V3_8 = b"RFB 003.003\n", b"RFB 003.007\n", b"RFB 003.008\n"
SCREEN = server_init(800, 600, b"0123456789abcdef", "vm1")
REASON = b"\0\0\0\x05sorry"
TARGET_LIMIT_BYTES = 4096
SERVERS = [
    V3_3 + b"\0\0\0\1" + SCREEN,
    V3_3 + b"\0\0\0\2" + bytes(16) + bytes(4) + SCREEN,
    V3_3 + bytes(4) + REASON,
    V3_7 + b"\2\2\1" + SCREEN,
    V3_7 + b"\1\2" + bytes(16) + b"\0\0\0\1",
    V3_8 + b"\1\1" + bytes(4) + SCREEN + b"trailing",
    V3_8 + b"\3\x13\2\x10" + bytes(16) + bytes(4) + SCREEN,
    V3_8 + b"\1\2" + bytes(16) + b"\0\0\0\1" + REASON,
    V3_8 + b"\0" + REASON,
]
VIEWERS = [V3_3 + b"\1", V3_7 + b"\1\0", V3_8 + b"\1\1", V3_8 + b"\1\1early", V3_8 + b"\2"]


def target() -> TargetHandshake:
    security: list[SecurityType] = [NoSecurity(), VncAuthentication(lambda challenge: challenge)]
    return TargetHandshake(security)


@given(st.sampled_from(SERVERS), SIZES)
def test_any_split_of_a_server_gives_the_same(data: bytes, sizes: list[int]) -> None:
    outcome = run(target(), split(data, sizes), TARGET_LIMIT_BYTES)
    assert outcome == run(target(), [data], TARGET_LIMIT_BYTES)
    assert outcome.done or outcome.failure


@given(st.sampled_from(VIEWERS), SIZES)
def test_any_split_of_a_viewer_gives_the_same(data: bytes, sizes: list[int]) -> None:
    outcome = run(ViewerHandshake(), split(data, sizes), EARLY_LIMIT_BYTES)
    assert outcome == run(ViewerHandshake(), [data], EARLY_LIMIT_BYTES)
    assert outcome.events or outcome.failure


GREETINGS = st.sampled_from([b"", V3_3, V3_7, V3_8])


@given(GREETINGS, st.binary(max_size=100), SIZES)
def test_garbage_fails_as_promised_or_needs_more(greeting: bytes, garbage: bytes, sizes: list[int]) -> None:
    data = greeting + garbage
    assert run(target(), split(data, sizes), TARGET_LIMIT_BYTES) == run(target(), [data], TARGET_LIMIT_BYTES)
    viewers = [run(ViewerHandshake(), reads, EARLY_LIMIT_BYTES) for reads in (split(data, sizes), [data])]
    assert viewers[0] == viewers[1]


@given(st.sampled_from(SERVERS), st.integers(0, 100), st.integers(0, 255), SIZES)
def test_one_changed_byte_of_a_server(data: bytes, at: int, byte: int, sizes: list[int]) -> None:
    run(target(), split(spoilt(data, at, byte), sizes), TARGET_LIMIT_BYTES)


@given(st.sampled_from(VIEWERS), st.integers(0, 20), st.integers(0, 255), SIZES)
def test_one_changed_byte_of_a_viewer(data: bytes, at: int, byte: int, sizes: list[int]) -> None:
    run(ViewerHandshake(), split(spoilt(data, at, byte), sizes), EARLY_LIMIT_BYTES)


@given(st.sampled_from(SERVERS), st.integers(0, 100))
def test_an_end_of_input_anywhere_is_a_failure_as_promised(data: bytes, end: int) -> None:
    machine = target()
    try:
        machine.receive_data(data[:end])
        machine.receive_eof()
    except (ProtocolError, SecurityRefused):
        assert not machine.done
    else:
        assert machine.done


def talk(server: ViewerHandshake, client: TargetHandshake, greetings: tuple[bytes, bytes], sizes: list[int]) -> None:
    """Passes bytes in both directions, with replaced greetings, until neither side sends any more."""
    turns = deque(sizes or [10000])
    ways: list[tuple[Machine[Any], Machine[Any], bytes]] = [
        (server, client, greetings[0]),
        (client, server, greetings[1]),
    ]
    wires = [b"", b""]
    while True:
        for at, (sender, _, greeting) in enumerate(ways):
            wires[at] += b"".join(greeting if said.startswith(b"RFB ") else said for said in sender.data_to_send())
        if not any(wires):
            return
        turns.rotate(-1)
        for at, (_, receiver, _) in enumerate(ways):
            receiver.receive_data(wires[at][: turns[0]])
            wires[at] = wires[at][turns[0] :]
        for event in server.events():
            assert event == ClientInitReceived(shared=True)
            server.send_server_init(SCREEN)


@pytest.mark.parametrize(
    ("announced", "answered"),
    [
        (b"003.003", b"003.003"),
        (b"003.003", b"003.005"),
        (b"003.005", b"003.003"),
        (b"003.007", b"003.007"),
        (b"003.008", b"003.008"),
        (b"003.008", b"003.889"),
        (b"003.889", b"003.008"),
        (b"004.001", b"003.008"),
        (b"005.000", b"003.889"),
    ],
)
@settings(max_examples=20)
@given(SIZES)
def test_our_two_sides_understand_each_other(announced: bytes, answered: bytes, sizes: list[int]) -> None:
    server, client = ViewerHandshake(), target()
    talk(server, client, (b"RFB %s\n" % announced, b"RFB %s\n" % answered), sizes)
    assert server.done
    assert client.done
    assert client.events() == [ServerInit(800, 600, b"0123456789abcdef", "vm1", SCREEN)]
    assert client.trailing_data() == server.trailing_data() == b""


@given(st.sampled_from([V3_3, V3_7, V3_8]), SIZES)
def test_our_refusal_is_understood_as_one(version: bytes, sizes: list[int]) -> None:
    server, client = ViewerHandshake(), target()
    server.refuse("sorry")
    with pytest.raises(SecurityRefused, match="sorry"):
        talk(server, client, (version, version), sizes)
    assert server.done
