"""VeNCrypt inside the whole handshake, with TLS left to the caller, as it is in the gateway."""

import pytest

from keyhole.errors import ProtocolError, SecurityRefused
from keyhole.protocols.rfb.constants import VencryptNumber
from keyhole.protocols.rfb.handshake.target import ServerInit, TargetHandshake
from keyhole.protocols.rfb.messages.server_messages import server_init
from keyhole.protocols.rfb.security import SecurityType
from keyhole.protocols.rfb.security.none import NoSecurity
from keyhole.protocols.rfb.security.plain import PlainAuthentication
from keyhole.protocols.rfb.security.vencrypt import VeNCrypt
from keyhole.protocols.rfb.security.vnc_auth import VncAuthentication

V3_8 = b"RFB 003.008\n"
OFFERED = V3_8 + b"\1\x13"
VERSION = b"\0\2"
SCREEN = server_init(800, 600, b"0123456789abcdef", "vm1")
OK = bytes(4)

WAYS: dict[VencryptNumber, SecurityType] = {
    VencryptNumber.X509PLAIN: PlainAuthentication(b"alice", b"sesame"),
    VencryptNumber.X509VNC: VncAuthentication(lambda challenge: challenge[::-1]),
    VencryptNumber.X509NONE: NoSecurity(),
}


def handshake(*numbers: VencryptNumber) -> TargetHandshake:
    return TargetHandshake([VeNCrypt({number: WAYS[number] for number in numbers or WAYS})])


def subtypes(*numbers: int) -> bytes:
    return bytes((len(numbers),)) + b"".join(number.to_bytes(4, "big") for number in numbers)


def agreed(*offered: int) -> bytes:
    """A server's messages until TLS begins."""
    return OFFERED + VERSION + b"\0" + subtypes(*offered) + b"\1"


def test_after_the_choice_tls_is_started_and_the_handshake_goes_on_under_it() -> None:
    machine = handshake(VencryptNumber.X509NONE)
    machine.receive_data(agreed(260))
    assert machine.data_to_send() == [V3_8, b"\x13", VERSION, b"\0\0\1\4"]
    assert machine.wants_tls
    assert machine.waiting_for == "TLS"
    machine.tls_started()
    assert not machine.wants_tls
    assert machine.waiting_for == "the server's security result"
    machine.receive_data(OK + SCREEN + b"early")
    assert machine.data_to_send() == [b"\1"]
    assert machine.events() == [ServerInit(800, 600, b"0123456789abcdef", "vm1", SCREEN)]
    assert machine.trailing_data() == b"early"


def test_the_password_is_answered_under_tls_only() -> None:
    machine = handshake(VencryptNumber.X509VNC)
    machine.receive_data(agreed(261))
    machine.data_to_send()
    machine.tls_started()
    assert machine.data_to_send() == []
    machine.receive_data(bytes(range(16)))
    assert machine.data_to_send() == [bytes(range(16))[::-1]]


def test_name_and_password_are_told_under_tls_only() -> None:
    machine = handshake(VencryptNumber.X509PLAIN)
    machine.receive_data(agreed(262))
    assert b"sesame" not in b"".join(machine.data_to_send())
    machine.tls_started()
    assert machine.data_to_send() == [b"\0\0\0\5\0\0\0\6alicesesame"]


@pytest.mark.parametrize("offered", [(257, 260, 261, 262), (262, 261, 260), (260, 9, 262, 256)])
def test_our_order_of_preference_counts(offered: tuple[int, ...]) -> None:
    machine = handshake()
    machine.receive_data(agreed(*offered))
    assert machine.data_to_send()[-1] == b"\0\0\1\6"


@pytest.mark.parametrize(
    ("offer", "words"),
    [
        (b"\1\1", r"types None \(1\); required is VeNCrypt \(19\)"),
        (b"\2\2\1", r"types None \(1\), VNC password \(2\); required is VeNCrypt \(19\)"),
    ],
)
def test_a_server_without_tls_is_refused_and_nothing_is_chosen(offer: bytes, words: str) -> None:
    machine = handshake()
    with pytest.raises(SecurityRefused, match=words):
        machine.receive_data(V3_8 + offer)
    assert machine.data_to_send() == [V3_8]


@pytest.mark.parametrize("offer", [b"\0\0\0\1", b"\0\0\0\2"])
def test_an_old_server_that_decides_on_something_weaker_is_refused(offer: bytes) -> None:
    with pytest.raises(SecurityRefused, match="required is VeNCrypt"):
        handshake().receive_data(b"RFB 003.003\n" + offer)


@pytest.mark.parametrize(
    ("offered", "words"),
    [
        ((257, 258, 259), r"sub-types tlsnone \(257\), tlsvnc \(258\), tlsplain \(259\)"),
        ((256,), r"sub-types plain \(256\)"),
        ((260,), r"sub-types x509none \(260\)"),
        ((263, 0, 2**32 - 1), "sub-types 0, 263, 4294967295"),
        ((), "sub-types none"),
    ],
)
def test_weaker_sub_types_are_a_downgrade_and_named(offered: tuple[int, ...], words: str) -> None:
    machine = handshake(VencryptNumber.X509PLAIN, VencryptNumber.X509VNC)
    with pytest.raises(SecurityRefused, match=words) as caught:
        machine.receive_data(agreed(*offered)[:-1])
    assert str(caught.value).endswith("; required is x509plain (262), x509vnc (261).")
    assert machine.data_to_send()[-1] == VERSION
    assert not machine.wants_tls


def test_a_long_offer_is_named_in_part() -> None:
    with pytest.raises(SecurityRefused) as caught:
        handshake().receive_data(OFFERED + VERSION + b"\0" + subtypes(*range(1000, 1255)))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("version", [b"\0\0", b"\0\1"])
def test_an_older_vencrypt_is_refused(version: bytes) -> None:
    with pytest.raises(SecurityRefused, match=rf"VeNCrypt 0\.{version[1]}; required is 0\.2"):
        handshake().receive_data(OFFERED + version)


def test_a_newer_vencrypt_is_answered_with_ours() -> None:
    machine = handshake()
    machine.receive_data(OFFERED + b"\1\0")
    assert machine.data_to_send()[-1] == VERSION


def test_a_server_that_does_not_take_our_version() -> None:
    with pytest.raises(SecurityRefused, match=r"does not accept VeNCrypt 0\.2"):
        handshake().receive_data(OFFERED + VERSION + b"\1")


def test_a_server_that_refuses_what_it_offers() -> None:
    machine = handshake()
    with pytest.raises(SecurityRefused, match="offers x509none but refuses"):
        machine.receive_data(agreed(260)[:-1] + b"\0")
    assert not machine.wants_tls


def test_an_answer_that_is_neither_yes_nor_no() -> None:
    with pytest.raises(ProtocolError, match="neither yes nor no"):
        handshake().receive_data(agreed(260)[:-1] + b"\2")


@pytest.mark.parametrize("reads", [[agreed(260) + OK], [agreed(260), OK]])
def test_what_comes_in_the_clear_after_the_agreement_is_an_error(reads: list[bytes]) -> None:
    machine = handshake()
    *first, last = reads
    for data in first:
        machine.receive_data(data)
    with pytest.raises(ProtocolError, match="unencrypted data after agreeing on TLS"):
        machine.receive_data(last)
    assert not machine.wants_tls
    with pytest.raises(RuntimeError):
        machine.tls_started()


def test_tls_may_not_start_before_it_is_agreed_on() -> None:
    machine = handshake()
    with pytest.raises(RuntimeError, match="waits for the server's version"):
        machine.tls_started()


def test_a_refusal_under_tls_tells_the_servers_reason() -> None:
    machine = handshake(VencryptNumber.X509NONE)
    machine.receive_data(agreed(260))
    machine.tls_started()
    with pytest.raises(SecurityRefused, match="refuses our credentials: not today"):
        machine.receive_data(b"\0\0\0\1" + b"\0\0\0\x09not today")


def test_a_server_that_hangs_up_instead_of_starting_tls() -> None:
    machine = handshake()
    machine.receive_data(agreed(260))
    with pytest.raises(ProtocolError, match="still missing: TLS"):
        machine.receive_eof()
