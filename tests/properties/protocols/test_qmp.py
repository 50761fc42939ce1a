"""QMP for any input: the split does not matter, and the result is events or a ProtocolError."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyhole.errors import ProtocolError
from keyhole.protocols.qmp import QmpClient, QmpEvent

GREETING = (
    b'{"QMP": {"version": {"qemu": {"micro": 1, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}\r\n'
)
NEGOTIATED = GREETING + b'{"return": {}, "id": 1}\r\n'

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
notices = st.fixed_dictionaries(
    {"event": st.text()}, optional={"data": st.dictionaries(st.text(max_size=5), json_values, max_size=3)}
)
likely_keys = st.sampled_from(["QMP", "return", "error", "event", "id", "data", "class", "desc", "version", "qemu"])
messages = st.dictionaries(likely_keys, json_values | st.dictionaries(likely_keys, json_values), max_size=5)


def line(message: object) -> bytes:
    return json.dumps(message).encode() + b"\r\n"


def conversation(steps: list[tuple[dict[str, object], object]]) -> bytes:
    """What a server sends after the negotiation: to the commands 2, 3, ... an event and then the answer."""
    return b"".join(
        line(notice) + line({"return": reply, "id": number}) for number, (notice, reply) in enumerate(steps, start=2)
    )


def feed(chunks: list[bytes], commands: int) -> list[QmpEvent]:
    """All events of a client that sends this many commands as soon as it may."""
    client, events, given_commands = QmpClient(), [], False
    for chunk in chunks:
        client.receive_data(chunk)
        events += client.events()
        if client.ready and not given_commands:
            given_commands = True
            for _ in range(commands):
                client.execute("query-status")
    return events


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(bounds)]


@given(st.lists(st.tuples(notices, json_values), max_size=4), st.lists(st.integers(0, 10**6), max_size=12))
def test_any_split_gives_the_same_events(steps: list[tuple[dict[str, object], object]], places: list[int]) -> None:
    data = conversation(steps)
    whole = feed([NEGOTIATED, data], len(steps))
    assert len(whole) == 1 + 2 * len(steps)
    assert feed([*cut(NEGOTIATED, places), *cut(data, places)], len(steps)) == whole


@given(st.binary(max_size=300))
def test_garbage_is_a_protocol_error_or_waits_for_more(garbage: bytes) -> None:
    for start in (b"", GREETING, NEGOTIATED):
        try:
            feed([start, garbage] if start else [garbage], commands=1)
        except ProtocolError:
            continue


@given(st.lists(messages, min_size=1, max_size=4))
def test_json_of_any_form_is_a_protocol_error_or_events(wild: list[dict[str, object]]) -> None:
    try:
        feed([NEGOTIATED, b"".join(map(line, wild))], commands=1)
    except ProtocolError:
        return


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_one_byte_changed_is_a_protocol_error_or_events(place: int, difference: int) -> None:
    steps: list[tuple[dict[str, object], object]] = [
        ({"event": "RESET", "data": {"guest": True}}, {"status": "running"}),
        ({"event": "STOP"}, [1, 2]),
    ]
    data = bytearray(NEGOTIATED + conversation(steps))
    data[place % len(data)] ^= difference
    try:
        events = feed([bytes(data[: len(NEGOTIATED)]), bytes(data[len(NEGOTIATED) :])], len(steps))
    except ProtocolError:
        return
    assert len(events) <= 1 + 2 * len(steps)


def test_a_failed_client_moves_no_further() -> None:
    client = QmpClient()
    with pytest.raises(ProtocolError):
        client.receive_data(b"garbage\n")
    client.receive_data(NEGOTIATED)
    assert client.events() == []
