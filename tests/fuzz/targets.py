"""What is fuzzed: each parser of bytes from a stranger, as a function of one input.

Every target holds its parser to the same three promises, whatever comes:

- it raises nothing but ProtocolError (TooLarge among them) and SecurityRefused;
- what it holds stays within its named limit, however much it is fed;
- it makes progress: every read is taken in, and nothing comes out that was not put in.

The first byte of an input says how the rest is split into reads. A new handshake is one line: an entry in TARGETS.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from keyhole.errors import ProtocolError, SecurityRefused
from keyhole.protocols.http_head import HEAD_LIMIT_BYTES, RequestHeadReader, console_token
from keyhole.protocols.machine import EARLY_LIMIT_BYTES, Machine
from keyhole.protocols.qmp import MAX_LINE_BYTES, QmpClient
from keyhole.protocols.rfb.client_messages import ClientMessageScanner
from keyhole.protocols.rfb.security.none import NoSecurity
from keyhole.protocols.rfb.security.vnc_auth import VncAuthentication
from keyhole.protocols.rfb.target import TargetHandshake
from keyhole.protocols.rfb.viewer import ViewerHandshake
from keyhole.protocols.websocket import FrameReader, check_upgrade, choose_subprotocol, wants_websocket

Target = Callable[[bytes], None]


def reads_of(data: bytes) -> Iterator[bytes]:
    """The input without its first byte, in reads of as many bytes as that says (0: all in one)."""
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
    follower, watcher = ClientMessageScanner(messages_per_second=200), ClientMessageScanner(view_only=True)
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
    try:
        for read in reads_of(data):
            handshake.receive_data(read)
            handshake.events()
            handshake.data_to_send()
            assert len(handshake._buffer) <= most_bytes + len(read)
            if handshake.done:
                return
        handshake.receive_eof()
    except (ProtocolError, SecurityRefused):
        return


def rfb_client() -> TargetHandshake:
    return TargetHandshake([NoSecurity(), VncAuthentication(lambda challenge: challenge)])


TARGETS: Mapping[str, Target] = {
    "http_head": http_head,
    "websocket": websocket,
    "rfb_target": partial(machine, rfb_client, EARLY_LIMIT_BYTES),
    "rfb_viewer": partial(machine, ViewerHandshake, EARLY_LIMIT_BYTES),
    "client_messages": scanner,
    "qmp": partial(machine, QmpClient, MAX_LINE_BYTES),
}
