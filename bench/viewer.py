"""A viewer's connection: the WebSocket opening where there is one, the RFB 3.8 handshake, frames in and out.

What is sent carries a mask and what is received is read frame by frame, as in a browser (RFC 6455 5).
"""

import socket
import ssl
import struct
from dataclasses import dataclass
from functools import cache
from itertools import cycle

from bench import rfb

TIMEOUT_SECONDS = 10.0
_READ_BYTES = 64 * 1024
_MASK = b"\x5a\xc3\x0f\x96"
_BINARY = 0x82
_MASKED = 0x80
_LEAST_CONTROL = 0x8
_IP_BIND_ADDRESS_NO_PORT = 24


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a console is reached: a port on loopback, the path of its WebSocket (None: RFB without one), over TLS."""

    port: int
    path: str | None
    tls: bool = False


class Frames:
    """Reads a server's frames, however the bytes are split; control frames are passed over."""

    __slots__ = ("_held", "_left", "_skips")

    def __init__(self) -> None:
        self._held = b""
        self._left = 0
        self._skips = False

    def payload(self, data: bytes) -> bytes:
        """The payload that `data` brings."""
        data = self._held + data
        self._held = b""
        pieces = []
        at, end = 0, len(data)
        while at < end:
            if not self._left:
                head = _header_bytes(data, at)
                if end - at < head:
                    self._held = data[at:]
                    break
                self._skips = data[at] & 0x0F >= _LEAST_CONTROL
                self._left = data[at + 1] if head == 2 else int.from_bytes(data[at + 2 : at + head], "big")
                at += head
            piece = data[at : at + self._left]
            at += len(piece)
            self._left -= len(piece)
            if not self._skips:
                pieces.append(piece)
        return b"".join(pieces)


class Viewer:
    """One connection, blocking until its handshake is over."""

    __slots__ = ("_early", "_frames", "socket")

    def __init__(self, endpoint: Endpoint, source: str = "127.0.0.1") -> None:
        """Connects from one of loopback's addresses and does the handshake.

        Raises OSError (TimeoutError among them), EOFError, ValueError.
        """
        self._frames: Frames | None = None
        self._early = b""
        self.socket = _connection(endpoint.port, source)
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if endpoint.tls:
                self.socket = tls_context().wrap_socket(self.socket)
            if endpoint.path is not None:
                self._open_websocket(endpoint)
            self._shake_hands()
        except BaseException:
            self.socket.close()
            raise

    def receive(self, size: int = _READ_BYTES) -> bytes:
        """What has come, unframed; perhaps nothing but part of a frame. Raises EOFError at the end."""
        data = self.socket.recv(size)
        if not data:
            raise EOFError
        return data if self._frames is None else self._frames.payload(data)

    def receive_whole(self, size: int) -> bytes:
        """As many bytes of payload, while the socket still blocks."""
        return self._exactly(size)

    def receive_into(self, buffer: bytearray) -> int:
        """Reads what has come, as it is on the wire, and gives its size. Raises EOFError at the end."""
        taken = 0
        try:
            while taken < len(buffer):  # TLS gives a record of 16 KiB at a time
                got = self.socket.recv_into(buffer)
                if not got:
                    raise EOFError
                taken += got
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        return taken

    def framed(self, message: bytes) -> bytes:
        """A message as it has to be sent."""
        return message if self._frames is None else masked_frame(message)

    def _open_websocket(self, endpoint: Endpoint) -> None:
        scheme = "https" if endpoint.tls else "http"
        self.socket.sendall(
            (
                f"GET {endpoint.path} HTTP/1.1\r\nHost: 127.0.0.1:{endpoint.port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nOrigin: {scheme}://127.0.0.1:{endpoint.port}\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: binary\r\n\r\n"
            ).encode("ascii")
        )
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.receive()
        head, _, following = head.partition(b"\r\n\r\n")
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise ValueError(f"the upgrade was refused: {head!r}")
        self._frames = Frames()
        self._early = self._frames.payload(following)

    def _shake_hands(self) -> None:
        self._expect(rfb.VERSION)
        self.socket.sendall(self.framed(rfb.VERSION))
        count = self._exactly(1)[0]
        if rfb.SECURITY_NONE not in self._exactly(count):
            raise ValueError("the security type None was not offered")
        self.socket.sendall(self.framed(rfb.SECURITY_NONE))
        self._expect(rfb.SECURITY_OK)
        self.socket.sendall(self.framed(rfb.SHARED))
        header = self._exactly(rfb.SERVER_INIT_HEADER_BYTES)
        self._exactly(int.from_bytes(header[-4:], "big"))

    def _expect(self, wanted: bytes) -> None:
        if (got := self._exactly(len(wanted))) != wanted:
            raise ValueError(f"{got!r} instead of {wanted!r}")

    def _exactly(self, size: int) -> bytes:
        while len(self._early) < size:
            self._early += self.receive()
        data, self._early = self._early[:size], self._early[size:]
        return data


def _connection(port: int, source: str) -> socket.socket:
    connection = socket.socket()
    try:
        connection.settimeout(TIMEOUT_SECONDS)
        # The port is chosen when the peer is known, so that it need be unused with that one only.
        connection.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        connection.bind((source, 0))
        connection.connect(("127.0.0.1", port))
    except BaseException:
        connection.close()
        raise
    return connection


def masked_frame(payload: bytes) -> bytes:
    """One binary message from a client. The mask is always the same: nobody here is to be kept from guessing it."""
    size = len(payload)
    if size < 126:
        header = struct.pack("!BB", _BINARY, _MASKED | size)
    elif size < 65536:
        header = struct.pack("!BBH", _BINARY, _MASKED | 126, size)
    else:
        header = struct.pack("!BBQ", _BINARY, _MASKED | 127, size)
    return header + _MASK + bytes(byte ^ key for byte, key in zip(payload, cycle(_MASK), strict=False))


@cache
def tls_context() -> ssl.SSLContext:
    """Whoever answers is measured, not judged."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _header_bytes(data: bytes, at: int) -> int:
    """How long the frame's header is; more than there is when its second byte is still missing."""
    if len(data) - at < 2:
        return 2
    return {126: 4, 127: 10}.get(data[at + 1], 2)
