import pytest

from keyhole.errors import ProtocolError, SecurityRefused, TooLarge
from keyhole.protocols.rfb.constants import NAME_LIMIT_BYTES, REASON_LIMIT_BYTES
from keyhole.protocols.rfb.handshake.target import ServerInit, TargetHandshake
from keyhole.protocols.rfb.messages.server_messages import server_init
from keyhole.protocols.rfb.security import SecurityType
from keyhole.protocols.rfb.security.none import NoSecurity
from keyhole.protocols.rfb.security.vnc_auth import VncAuthentication

V3_3, V3_7, V3_8 = b"RFB 003.003\n", b"RFB 003.007\n", b"RFB 003.008\n"
OK = bytes(4)
FAILED = b"\0\0\0\1"
CHALLENGE = bytes(range(16))
FORMAT = b"0123456789abcdef"
SCREEN = server_init(800, 600, FORMAT, "vm1")


def none() -> TargetHandshake:
    return TargetHandshake([NoSecurity()])


def password() -> TargetHandshake:
    return TargetHandshake([VncAuthentication(lambda challenge: challenge[::-1])])


def counted(text: bytes) -> bytes:
    return len(text).to_bytes(4, "big") + text


@pytest.mark.parametrize(
    ("version", "security", "sent"),
    [
        (V3_3, b"\0\0\0\1", [V3_3, b"\1"]),
        (V3_7, b"\1\1", [V3_7, b"\1", b"\1"]),
        (V3_8, b"\1\1" + OK, [V3_8, b"\1", b"\1"]),
    ],
)
def test_without_authentication_only_3_8_has_a_result(version: bytes, security: bytes, sent: list[bytes]) -> None:
    machine = none()
    machine.receive_data(version + security + SCREEN + b"\0early update")
    assert machine.data_to_send() == sent
    assert machine.events() == [ServerInit(800, 600, FORMAT, "vm1", SCREEN)]
    assert machine.done
    assert machine.trailing_data() == b"\0early update"


@pytest.mark.parametrize(
    ("version", "security", "sent"),
    [
        (V3_3, b"\0\0\0\2", [V3_3]),
        (V3_7, b"\1\2", [V3_7, b"\2"]),
        (V3_8, b"\1\2", [V3_8, b"\2"]),
    ],
)
def test_password_authentication_always_has_a_result(version: bytes, security: bytes, sent: list[bytes]) -> None:
    machine = password()
    machine.receive_data(version + security + CHALLENGE)
    assert machine.data_to_send() == [*sent, CHALLENGE[::-1]]
    assert machine.waiting_for == "the server's security result"
    machine.receive_data(OK)
    assert machine.data_to_send() == [b"\1"]
    machine.receive_data(SCREEN)
    assert machine.done


def test_our_order_of_preference_counts() -> None:
    security: list[SecurityType] = [VncAuthentication(lambda challenge: challenge), NoSecurity()]
    machine = TargetHandshake(security)
    machine.receive_data(V3_8 + b"\3\1\x13\2")
    assert machine.data_to_send() == [V3_8, b"\2"]
    machine = TargetHandshake(security[::-1])
    machine.receive_data(V3_8 + b"\3\2\x13\1")
    assert machine.data_to_send() == [V3_8, b"\1"]


def test_sharing_is_ours_to_decide() -> None:
    machine = TargetHandshake([NoSecurity()], shared=False)
    machine.receive_data(V3_3 + b"\0\0\0\1")
    assert machine.data_to_send() == [V3_3, b"\0"]


@pytest.mark.parametrize("offer", [V3_8 + b"\2\2\x13", V3_7 + b"\2\2\x13", V3_3 + b"\0\0\0\2", V3_8 + b"\1\0"])
def test_without_a_common_type_nothing_is_chosen(offer: bytes) -> None:
    machine = none()
    with pytest.raises(SecurityRefused, match=r"offers the security types .*; required is None \(1\)\."):
        machine.receive_data(offer)
    assert machine.data_to_send() == [offer[:12]]


def test_a_long_offer_is_named_in_part() -> None:
    with pytest.raises(SecurityRefused, match=r"types VNC password \(2\), 3, 4, 5, 6, 7, 8, 9; required is none\."):
        TargetHandshake([]).receive_data(V3_8 + b"\xfe" + bytes(range(2, 256)))


@pytest.mark.parametrize("refused", [V3_8 + b"\0", V3_7 + b"\0", V3_3 + bytes(4)])
def test_a_refused_connection_tells_the_servers_reason_made_printable(refused: bytes) -> None:
    machine = none()
    machine.receive_data(refused)
    with pytest.raises(SecurityRefused, match=r"^The server refuses the connection: Too many \?\[31mclients$"):
        machine.receive_data(counted(b"Too many \x1b[31mclients"))


def test_a_refused_connection_without_a_reason() -> None:
    with pytest.raises(SecurityRefused, match=r"^The server refuses the connection\.$"):
        none().receive_data(V3_8 + b"\0" + bytes(4))


@pytest.mark.parametrize("length", [REASON_LIMIT_BYTES + 1, 2**32 - 1])
def test_a_reason_is_read_to_its_limit_and_the_rest_is_not_waited_for(length: int) -> None:
    machine = none()
    machine.receive_data(V3_8 + b"\0" + length.to_bytes(4, "big") + b"x" * (REASON_LIMIT_BYTES - 1))
    with pytest.raises(SecurityRefused) as caught:
        machine.receive_data(b"x")
    assert len(str(caught.value)) < REASON_LIMIT_BYTES + 100


def test_a_server_that_hangs_up_over_its_reason_has_refused_all_the_same() -> None:
    machine = none()
    machine.receive_data(V3_8 + b"\0" + counted(b"cut short")[:7])
    with pytest.raises(SecurityRefused, match="The server refuses the connection"):
        machine.receive_eof()


def test_refused_credentials() -> None:
    start = V3_8 + b"\1\2" + CHALLENGE
    with pytest.raises(SecurityRefused, match=r"^The server refuses our credentials: Wrong$"):
        password().receive_data(start + FAILED + counted(b"Wrong"))
    with pytest.raises(SecurityRefused, match=r"^The server refuses our credentials: too many attempts\.$"):
        password().receive_data(start + b"\0\0\0\2")
    with pytest.raises(SecurityRefused, match=r"^The server refuses our credentials\.$"):
        password().receive_data(start + b"\xff\0\0\0")


@pytest.mark.parametrize("start", [V3_3 + b"\0\0\0\2", V3_7 + b"\1\2"])
def test_older_servers_give_no_reason_with_the_result(start: bytes) -> None:
    with pytest.raises(SecurityRefused, match=r"^The server refuses our credentials\.$"):
        password().receive_data(start + CHALLENGE + FAILED)


def test_3_8_may_fail_even_without_authentication() -> None:
    with pytest.raises(SecurityRefused, match="not today"):
        none().receive_data(V3_8 + b"\1\1" + FAILED + counted(b"not today"))


def test_the_name_is_limited_and_made_printable() -> None:
    start = V3_3 + b"\0\0\0\1"
    machine = none()
    machine.receive_data(start + server_init(1, 65535, FORMAT, "\x1b" + "n" * (NAME_LIMIT_BYTES - 1)))
    [event] = machine.events()
    assert event.name == "?" + "n" * (NAME_LIMIT_BYTES - 1)
    assert event.raw[24:25] == b"\x1b"
    with pytest.raises(TooLarge, match="name"):
        none().receive_data(start + server_init(1, 1, FORMAT, "n" * (NAME_LIMIT_BYTES + 1))[:24])


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, 0)])
def test_a_screen_has_pixels(width: int, height: int) -> None:
    with pytest.raises(ProtocolError, match="no pixels"):
        none().receive_data(V3_3 + b"\0\0\0\1" + server_init(width, height))


def test_something_else_listens_there() -> None:
    machine = none()
    with pytest.raises(ProtocolError, match="does not greet"):
        machine.receive_data(b"HTTP/1.1 400 Bad Request\r\n")
    assert machine.data_to_send() == []


def test_a_server_that_hangs_up_is_told_apart_by_what_is_missing() -> None:
    machine = none()
    machine.receive_data(V3_8 + b"\1\1")
    with pytest.raises(ProtocolError, match="The server closed the connection; still missing: the server's security"):
        machine.receive_eof()


def test_the_screens_bytes_stay_out_of_the_log() -> None:
    assert "raw" not in repr(ServerInit(1, 1, FORMAT, "vm1", SCREEN))
