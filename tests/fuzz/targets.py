"""What is fuzzed: each parser of bytes from a stranger, as a function of one input.

Every target holds its parser to the same three promises, whatever comes:

- it raises nothing but ProtocolError (TooLarge among them) and SecurityRefused;
- what it holds stays within its named limit, however much it is fed;
- it makes progress: every read is taken in, and nothing comes out that was not put in.

A handshake that knows a secret says it under TLS only.

The first byte of an input says how the rest is split into reads. A new handshake is one line: an entry in TARGETS.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from keyhole.errors import ProtocolError, SecurityRefused
from keyhole.protocols.escape_sequences import STRING_LIMIT_BYTES, EscapeFilter, without_escapes
from keyhole.protocols.http.connect import REPLY_LIMIT_BYTES, TunnelHandshake
from keyhole.protocols.http.head import HEAD_LIMIT_BYTES, RequestHeadReader, console_token
from keyhole.protocols.http.ticket_cookie import NAME, console_of, secret_in
from keyhole.protocols.machine import EARLY_LIMIT_BYTES, Machine
from keyhole.protocols.qmp import MAX_LINE_BYTES, QmpClient
from keyhole.protocols.rfb.constants import VencryptNumber
from keyhole.protocols.rfb.handshake.target import TargetHandshake
from keyhole.protocols.rfb.handshake.viewer import ViewerHandshake
from keyhole.protocols.rfb.messages.client_filter import ClientMessageFilter
from keyhole.protocols.rfb.security import SecurityType
from keyhole.protocols.rfb.security.none import NoSecurity
from keyhole.protocols.rfb.security.plain import PlainAuthentication
from keyhole.protocols.rfb.security.vencrypt import VeNCrypt
from keyhole.protocols.rfb.security.vnc_auth import VncAuthentication
from keyhole.protocols.websocket.frames_in import FrameReader
from keyhole.protocols.websocket.upgrade import check_upgrade, choose_subprotocol, wants_websocket

Target = Callable[[bytes], None]

PASSWORD = b"not in the clear"


def reads_of(data: bytes) -> Iterator[bytes]:
    """The input without its first byte, split into reads of as many bytes as that byte says (0: one read)."""
    size, rest = (data[0] if data else 0), data[1:]
    for at in range(0, len(rest), size or max(1, len(rest))):
        yield rest[at : at + size] if size else rest


def http_head(data: bytes) -> None:
    reader = RequestHeadReader()
    taken = 0
    try:
        for read in reads_of(data):
            taken += len(read)
            head = reader.receive_data(read)
            assert len(reader._buffer) <= HEAD_LIMIT_BYTES + len(read)
            if head is not None:
                assert len(head.raw) + len(reader.trailing_data()) == taken
                console_token(head)
                if wants_websocket(head):
                    check_upgrade(head)
                    choose_subprotocol(head)
                return
    except ProtocolError:
        return


def websocket(data: bytes) -> None:
    reader = FrameReader(frames_per_second=200)
    try:
        for read in reads_of(data):
            payload = reader.receive_data(read)
            assert len(payload) <= len(read)
            assert len(reader._held) <= 131
            assert len(reader.take_control()) <= 3
    except ProtocolError:
        return


def scanner(data: bytes) -> None:
    follower, watcher = ClientMessageFilter(messages_per_second=200), ClientMessageFilter(view_only=True)
    try:
        for read in reads_of(data):
            assert follower.feed(read) is read
            assert len(watcher.feed(read)) <= len(read) + len(watcher._header) + 16
            assert len(follower._header) < 16
    except ProtocolError:
        return


def machine(make: Callable[[], Machine[Any]], most_bytes: int, data: bytes) -> None:
    """A handshake, run to its end, its failure or the end of the input."""
    handshake = make()
    encrypted = False
    try:
        for read in reads_of(data):
            handshake.receive_data(read)
            handshake.events()
            assert encrypted or PASSWORD not in b"".join(handshake.data_to_send())
            if handshake.wants_tls:
                encrypted = True
                handshake.tls_started()
            assert len(handshake._buffer) <= most_bytes + len(read)
            if handshake.done:
                return
        handshake.receive_eof()
    except (ProtocolError, SecurityRefused):
        return


def ticket_cookie(data: bytes) -> None:
    """Each read is a Cookie header, all together a path."""
    lines = [read.decode("latin-1") for read in reads_of(data)]
    secret = secret_in([("cookie", line) for line in lines])
    if secret is not None:
        assert any(f"{NAME}={quote}{secret}{quote}" in line for line in lines for quote in ("", '"'))
        assert secret.isascii()
        assert not set(secret) & set('";\\ \t\r\n\0')
    console_id = console_of("".join(lines))
    assert console_id is None or f"/c/{console_id}" == "".join(lines)


def escape_sequences(data: bytes) -> None:
    """A guest's output; any split gives the same text."""
    stream = EscapeFilter()
    texts = []
    for read in reads_of(data):
        texts.append(stream.feed(read))
        assert len(stream._held) <= STRING_LIMIT_BYTES + 3
    text = b"".join(texts) + stream.finish()
    assert b"\x1b" not in text
    assert text == without_escapes(data[1:])


def rfb_client() -> TargetHandshake:
    return TargetHandshake([NoSecurity(), VncAuthentication(lambda challenge: challenge)])


def vencrypt_client() -> TargetHandshake:
    ways: dict[VencryptNumber, SecurityType] = {
        VencryptNumber.X509PLAIN: PlainAuthentication(b"alice", PASSWORD),
        VencryptNumber.X509VNC: VncAuthentication(lambda challenge: challenge),
        VencryptNumber.X509NONE: NoSecurity(),
    }
    return TargetHandshake([VeNCrypt(ways)])


TARGETS: Mapping[str, Target] = {
    "http_head": http_head,
    "websocket": websocket,
    "rfb_target": partial(machine, rfb_client, EARLY_LIMIT_BYTES),
    "rfb_viewer": partial(machine, ViewerHandshake, EARLY_LIMIT_BYTES),
    "client_messages": scanner,
    "qmp": partial(machine, QmpClient, MAX_LINE_BYTES),
    "vencrypt": partial(machine, vencrypt_client, EARLY_LIMIT_BYTES),
    "connect": partial(machine, partial(TunnelHandshake, "/console", "xen"), REPLY_LIMIT_BYTES),
    "ticket_cookie": ticket_cookie,
    "escape_sequences": escape_sequences,
}
