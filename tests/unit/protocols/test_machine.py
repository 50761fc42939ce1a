from dataclasses import dataclass

import pytest

from keyhole.errors import ProtocolError, TooLarge
from keyhole.protocols.machine import EARLY_LIMIT_BYTES, Machine, Pause, Read, ReadUntil, Script, StartTls


@dataclass(frozen=True, slots=True)
class Said:
    text: bytes


class Greeting(Machine[Said]):
    """Greets, reads three bytes and a line, waits for our side, says good-bye."""

    peer = "guest"

    def script(self) -> Script:
        self.send(b"hello")
        self.emit(Said((yield Read(3, "the name"))))
        self.emit(Said((yield ReadUntil(b"\r\n", 16, "the line"))))
        self.emit(Said((yield Read(0, "nothing"))))
        yield Pause("our side")
        self.send(b"good-bye")


class Failing(Machine[Said]):
    def script(self) -> Script:
        yield Read(1, "a byte")
        self.send(b"no")
        raise ProtocolError("It is the wrong byte.")


def test_the_script_starts_at_once_and_says_what_it_waits_for() -> None:
    machine = Greeting()
    assert machine.data_to_send() == [b"hello"]
    assert machine.data_to_send() == []
    assert machine.waiting_for == "the name"
    assert not machine.done


def test_data_drives_the_script_as_far_as_it_leads() -> None:
    machine = Greeting()
    machine.receive_data(b"Ann")
    assert machine.waiting_for == "the line"
    machine.receive_data(b"hi\r")
    assert machine.events() == [Said(b"Ann")]
    machine.receive_data(b"\n")
    assert machine.events() == [Said(b"hi\r\n"), Said(b"")]
    assert machine.events() == []
    assert machine.waiting_for == "our side"


def test_what_comes_during_a_pause_and_after_the_end_is_trailing_data_handed_over_once() -> None:
    machine = Greeting()
    machine.receive_data(b"Annhi\r\nearly")
    assert machine.trailing_data() == b""
    machine.resume()
    assert machine.done
    assert machine.waiting_for == "nothing"
    machine.receive_data(b" late")
    assert machine.trailing_data() == b"early late"
    assert machine.trailing_data() == b""
    assert machine.data_to_send() == [b"hello", b"good-bye"]


def test_resuming_without_a_pause_is_our_own_mistake() -> None:
    machine = Greeting()
    with pytest.raises(RuntimeError, match="waits for the name"):
        machine.resume()
    machine.receive_data(b"Annhi\r\n")
    machine.resume()
    with pytest.raises(RuntimeError):
        machine.resume()


def test_the_end_of_input_names_what_is_missing() -> None:
    machine = Greeting()
    with pytest.raises(ProtocolError, match=r"The guest closed the connection; still missing: the name\."):
        machine.receive_eof()


def test_the_end_of_input_is_fine_when_done() -> None:
    machine = Greeting()
    machine.receive_data(b"Annhi\r\n")
    machine.resume()
    machine.receive_eof()
    assert machine.done


def test_a_mark_must_end_within_its_limit() -> None:
    machine = Greeting()
    machine.receive_data(b"Ann" + b"x" * 14 + b"\r\n")
    assert machine.events()[1] == Said(b"x" * 14 + b"\r\n")
    for late in (b"x" * 15 + b"\r\n", b"x" * 16):
        machine = Greeting()
        with pytest.raises(TooLarge, match="The guest sends more than 16 bytes for the line"):
            machine.receive_data(b"Ann" + late)


def test_a_mark_is_found_across_reads() -> None:
    machine = Greeting()
    for byte in b"Annline\r\r\n":
        machine.receive_data(bytes((byte,)))
    assert machine.events()[:2] == [Said(b"Ann"), Said(b"line\r\r\n")]


def test_a_peer_cannot_fill_our_memory_during_a_pause() -> None:
    machine = Greeting()
    machine.receive_data(b"Annhi\r\n" + bytes(EARLY_LIMIT_BYTES))
    with pytest.raises(TooLarge, match="before its turn"):
        machine.receive_data(b"x")


def test_a_peer_cannot_fill_our_memory_after_the_end() -> None:
    machine = Greeting()
    machine.receive_data(b"Annhi\r\n")
    machine.resume()
    machine.receive_data(bytes(EARLY_LIMIT_BYTES + 1))
    with pytest.raises(TooLarge, match="that are not read"):
        machine.receive_data(b"x")
    assert len(machine.trailing_data()) == EARLY_LIMIT_BYTES + 1


def test_after_a_failure_the_peer_can_still_be_told_and_nothing_goes_on() -> None:
    machine = Failing()
    with pytest.raises(ProtocolError, match="wrong byte"):
        machine.receive_data(b"x")
    assert machine.data_to_send() == [b"no"]
    machine.receive_data(b"more")
    assert not machine.done
    assert machine.trailing_data() == b""
    with pytest.raises(RuntimeError):
        machine.resume()
    with pytest.raises(ProtocolError, match="the handshake failed"):
        machine.receive_eof()


class Upgrading(Machine[Said]):
    peer = "host"

    def script(self) -> Script:
        yield Read(1, "the agreement")
        self.send(b"agreed")
        yield StartTls("TLS")
        self.send(b"secret")
        self.emit(Said((yield Read(2, "an answer"))))


def test_tls_is_started_by_our_side_once_all_is_sent() -> None:
    machine = Upgrading()
    assert not machine.wants_tls
    machine.receive_data(b"1")
    assert machine.wants_tls
    assert machine.data_to_send() == [b"agreed"]
    machine.receive_data(b"")
    machine.tls_started()
    assert not machine.wants_tls
    assert machine.data_to_send() == [b"secret"]
    machine.receive_data(b"ok")
    assert machine.events() == [Said(b"ok")]
    assert machine.done


@pytest.mark.parametrize("reads", [[b"1!"], [b"1", b"!"]])
def test_bytes_left_over_where_tls_begins_are_an_error(reads: list[bytes]) -> None:
    machine = Upgrading()
    for data in reads[:-1]:
        machine.receive_data(data)
    with pytest.raises(ProtocolError, match="The host sends unencrypted data after agreeing on TLS"):
        machine.receive_data(reads[-1])
    assert not machine.wants_tls
    with pytest.raises(RuntimeError, match="does not wait for TLS"):
        machine.tls_started()
