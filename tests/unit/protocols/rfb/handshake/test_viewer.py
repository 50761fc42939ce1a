import pytest

from keyhole.errors import ProtocolError
from keyhole.protocols.rfb.handshake.viewer import ClientInitReceived, ViewerHandshake
from keyhole.protocols.rfb.messages.server_messages import server_init

V3_3, V3_5, V3_7, V3_8 = b"RFB 003.003\n", b"RFB 003.005\n", b"RFB 003.007\n", b"RFB 003.008\n"
SCREEN = server_init(800, 600, name="vm1")
REASON = b"\0\0\0\3off"


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (V3_3 + b"\1", [V3_8, b"\0\0\0\1"]),
        (V3_5 + b"\1", [V3_8, b"\0\0\0\1"]),
        (V3_7 + b"\1\1", [V3_8, b"\1\1"]),
        (V3_8 + b"\1\1", [V3_8, b"\1\1", bytes(4)]),
        (b"RFB 003.889\n\1\1", [V3_8, b"\1\1", bytes(4)]),
    ],
)
def test_a_viewer_gets_in_and_each_message_stands_alone(said: bytes, answered: list[bytes]) -> None:
    machine = ViewerHandshake()
    machine.receive_data(said + b"\4early key")
    assert machine.data_to_send() == answered
    assert machine.events() == [ClientInitReceived(shared=True)]
    assert not machine.done
    machine.send_server_init(SCREEN)
    assert machine.data_to_send() == [SCREEN]
    assert machine.done
    assert machine.trailing_data() == b"\4early key"


def test_each_answer_waits_for_its_question() -> None:
    machine = ViewerHandshake()
    said = [b"", V3_8, b"\1", b"\0"]
    answered = [[V3_8], [b"\1\1"], [bytes(4)], []]
    for question, answer in zip(said, answered, strict=True):
        machine.receive_data(question)
        assert machine.data_to_send() == answer
    assert machine.events() == [ClientInitReceived(shared=False)]
    assert machine.waiting_for == "the server's screen"


def test_a_screen_before_the_viewer_is_ready_is_our_own_mistake() -> None:
    machine = ViewerHandshake()
    machine.receive_data(V3_8 + b"\1")
    with pytest.raises(RuntimeError, match="the viewer's ClientInit"):
        machine.send_server_init(SCREEN)


def test_a_type_that_was_not_offered_is_refused_and_3_8_is_told_why() -> None:
    machine = ViewerHandshake()
    with pytest.raises(ProtocolError, match="was not offered"):
        machine.receive_data(V3_8 + b"\2")
    reason = b"Keyhole offers the security type 1 (None) only."
    assert machine.data_to_send()[2:] == [b"\0\0\0\1" + len(reason).to_bytes(4, "big") + reason]

    machine = ViewerHandshake()
    with pytest.raises(ProtocolError, match="was not offered"):
        machine.receive_data(V3_7 + b"\2")
    assert machine.data_to_send() == [V3_8, b"\1\1"]


@pytest.mark.parametrize(
    ("version", "refusal"), [(V3_3, bytes(4) + REASON), (V3_7, b"\0" + REASON), (V3_8, b"\0" + REASON)]
)
def test_a_refusal_takes_the_place_of_the_security_types(version: bytes, refusal: bytes) -> None:
    machine = ViewerHandshake()
    machine.refuse("off")
    assert machine.data_to_send() == [V3_8]
    assert not machine.done
    machine.receive_data(version)
    assert machine.data_to_send() == [refusal]
    assert machine.done
    assert machine.events() == []


def test_in_3_8_a_refusal_can_still_take_the_place_of_the_result() -> None:
    machine = ViewerHandshake()
    machine.receive_data(V3_8)
    machine.refuse("off")
    machine.receive_data(b"\1")
    assert machine.data_to_send() == [V3_8, b"\1\1", b"\0\0\0\1" + REASON]
    assert machine.done
    assert machine.events() == []


@pytest.mark.parametrize("said", [V3_7, V3_8 + b"\1"])
def test_later_rfb_has_no_words_for_a_refusal(said: bytes) -> None:
    machine = ViewerHandshake()
    machine.receive_data(said)
    sent = machine.data_to_send()
    machine.refuse("off")
    machine.receive_data(b"\1\1")
    assert machine.data_to_send() == []
    assert machine.events() == [ClientInitReceived(shared=True)]
    assert len(sent) >= 2


@pytest.mark.parametrize("said", [b"RFB 003.009\n", b"RFB 004.000\n", b"GET / HTTP/1.1\r\n"])
def test_other_protocols_are_refused(said: bytes) -> None:
    with pytest.raises(ProtocolError, match="viewer"):
        ViewerHandshake().receive_data(said)


def test_a_viewer_that_hangs_up() -> None:
    machine = ViewerHandshake()
    machine.receive_data(V3_8)
    with pytest.raises(ProtocolError, match="The viewer closed the connection; still missing: the viewer's choice"):
        machine.receive_eof()
