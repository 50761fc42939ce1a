"""A connection during its set-up: when its peer is read and when reading pauses."""

import pytest
from tests.fakes.transport import FakeTransport

from keyhole.gateway.connection import HELD_BYTES, Connection
from keyhole.reasons import Reason


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def connection(transport: FakeTransport) -> Connection:
    connection = Connection(Reason.VIEWER_CLOSED)
    transport.set_protocol(connection)
    connection.adopt(transport)
    return connection


def test_a_peer_that_does_not_read_is_not_read_either(connection: Connection, transport: FakeTransport) -> None:
    connection.pause_writing()
    assert not transport.reading
    connection.take()
    assert not transport.reading
    connection.resume_writing()
    assert transport.reading


def test_a_peer_that_nobody_listens_to_waits(connection: Connection, transport: FakeTransport) -> None:
    transport.arrive(bytes(HELD_BYTES))
    assert transport.reading
    transport.arrive(b"x")
    assert not transport.reading
    assert len(connection.take()) == HELD_BYTES + 1
    assert transport.reading


def test_a_peer_that_reads_again_waits_while_too_much_is_held(connection: Connection, transport: FakeTransport) -> None:
    connection.pause_writing()
    transport.arrive(bytes(HELD_BYTES + 1))
    connection.resume_writing()
    assert not transport.reading
    connection.take()
    assert transport.reading
