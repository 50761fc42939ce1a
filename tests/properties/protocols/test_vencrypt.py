from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st
from tests.properties.protocols.wire import SIZES, LoginResult, run, split, spoilt

from keyhole.errors import ProtocolError, SecurityRefused
from keyhole.protocols.rfb.constants import VencryptNumber
from keyhole.protocols.rfb.handshake.target import TargetHandshake
from keyhole.protocols.rfb.messages.server_messages import server_init
from keyhole.protocols.rfb.security.none import NoSecurity
from keyhole.protocols.rfb.security.plain import PlainAuthentication
from keyhole.protocols.rfb.security.vencrypt import VeNCrypt
from keyhole.protocols.rfb.security.vnc_auth import VncAuthentication

PASSWORD = b"not in the clear"
HEAD = b"RFB 003.008\n\1\x13\0\2\0"
SCREEN = server_init(800, 600, b"0123456789abcdef", "vm1")
LIMIT_BYTES = 4096


def offer(*numbers: int) -> bytes:
    return bytes((len(numbers),)) + b"".join(number.to_bytes(4, "big") for number in numbers)


# What a server says in the clear, and what under TLS.
SERVERS = [
    (HEAD + offer(260) + b"\1", bytes(4) + SCREEN + b"trailing"),
    (HEAD + offer(257, 261, 260) + b"\1", bytes(16) + bytes(4) + SCREEN),
    (HEAD + offer(262, 256) + b"\1", bytes(4) + SCREEN),
    (HEAD + offer(261) + b"\1", bytes(16) + b"\0\0\0\1\0\0\0\5sorry"),
    (HEAD + offer(260) + b"\1injected", bytes(4) + SCREEN),
    (HEAD + offer(260) + b"\0", b""),
    (HEAD + offer(257, 258), b""),
    (HEAD + offer(), b""),
    (HEAD[:-1] + b"\1", b""),
    (HEAD[:-3] + b"\0\1", b""),
]


def client() -> TargetHandshake:
    return TargetHandshake(
        [
            VeNCrypt(
                {
                    VencryptNumber.X509PLAIN: PlainAuthentication(b"alice", PASSWORD),
                    VencryptNumber.X509VNC: VncAuthentication(lambda challenge: challenge),
                    VencryptNumber.X509NONE: NoSecurity(),
                }
            )
        ]
    )


def play(clear: bytes, encrypted: bytes, sizes: Sequence[int]) -> list[LoginResult]:
    """The result without TLS and, if TLS was agreed on, the result under TLS."""
    machine = client()
    outcomes = [run(machine, split(clear, sizes), LIMIT_BYTES)]
    assert PASSWORD not in b"".join(outcomes[0].sent)
    if machine.wants_tls and outcomes[0].failure is None:
        machine.tls_started()
        outcomes.append(run(machine, split(encrypted, sizes), LIMIT_BYTES))
    return outcomes


@given(st.sampled_from(SERVERS), SIZES)
def test_any_split_gives_the_same(server: tuple[bytes, bytes], sizes: list[int]) -> None:
    outcomes = play(*server, sizes)
    assert outcomes == play(*server, [])
    assert outcomes[-1].done or outcomes[-1].failure


@given(st.binary(max_size=60), st.binary(max_size=60), SIZES)
@example(offer(260) + b"\1", b"", [])
def test_garbage_fails_as_promised_or_needs_more(clear: bytes, encrypted: bytes, sizes: list[int]) -> None:
    assert play(HEAD + clear, encrypted, sizes) == play(HEAD + clear, encrypted, [])


@given(st.sampled_from(SERVERS), st.booleans(), st.integers(0, 100), st.integers(0, 255), SIZES)
def test_one_changed_byte(server: tuple[bytes, bytes], under_tls: bool, at: int, byte: int, sizes: list[int]) -> None:
    clear, encrypted = server
    if under_tls and encrypted:
        encrypted = spoilt(encrypted, at, byte)
    else:
        clear = spoilt(clear, at, byte)
    assert play(clear, encrypted, sizes) == play(clear, encrypted, [])


@given(st.sampled_from(SERVERS), st.integers(0, 100))
def test_an_end_of_input_anywhere_is_a_failure_as_promised(server: tuple[bytes, bytes], end: int) -> None:
    clear, encrypted = server
    machine = client()
    try:
        machine.receive_data(clear[:end])
        if machine.wants_tls:
            machine.tls_started()
            machine.receive_data(encrypted[: max(0, end - len(clear))])
        machine.receive_eof()
    except (ProtocolError, SecurityRefused):
        assert not machine.done
    else:
        assert machine.done
