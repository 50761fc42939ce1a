"""The client side of the RFB handshake, towards a hypervisor (RFC 6143 7.1 to 7.3), versions 3.3, 3.7 and 3.8."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from keyhole.errors import ProtocolError, SecurityRefused, TooLarge
from keyhole.protocols.machine import Machine, Read, Script, Wait
from keyhole.protocols.rfb.constants import (
    NAME_LIMIT_BYTES,
    REASON_LIMIT_BYTES,
    SECURITY_NAMES,
    SERVER_INIT_BYTES,
    VERSION_BYTES,
    SecurityNumber,
    SecurityResult,
)
from keyhole.protocols.rfb.security import SecurityType, named
from keyhole.protocols.rfb.version import Version, server_version
from keyhole.protocols.text import sanitize


@dataclass(frozen=True, slots=True)
class ServerInit:
    """The server's screen (7.3.2): pixels, pixel format as its 16 bytes, name made printable; `raw` is the message."""

    width: int
    height: int
    pixel_format: bytes
    name: str
    raw: bytes = field(repr=False)


class TargetHandshake(Machine[ServerInit]):
    """Authenticates with one of `security`, best first, and requests a shared session or not.

    The only event is ServerInit, right before the end. Raises ProtocolError, TooLarge, and SecurityRefused, with the
    server's reason if it sends one: no common type, connection refused, credentials refused.
    """

    __slots__ = ("_refusal", "_security", "_shared")

    peer = "server"

    def __init__(self, security: Sequence[SecurityType], *, shared: bool = True) -> None:
        self._security = security
        self._shared = shared
        self._refusal = ""  # the message if the server's reason does not arrive
        super().__init__()

    def receive_eof(self) -> None:
        """As in the base class; SecurityRefused if the server disconnected instead of sending its reason."""
        if self._refusal:
            raise SecurityRefused(f"{self._refusal}.")
        super().receive_eof()

    def script(self) -> Script:
        version = server_version((yield Read(VERSION_BYTES, "the server's version")))
        self.send(version.value)
        chosen = self._choose((yield from self._read_offer(version)))
        if version is not Version.V3_3:
            self.send(bytes((chosen.number,)))
        yield from chosen.script(self.send)
        # 7.1.3, and Appendix A for the older versions: without authentication only 3.8 sends a result.
        if version is Version.V3_8 or chosen.number != SecurityNumber.NONE:
            yield from self._check_result(version)
        self.send(bytes((self._shared,)))  # ClientInit, 7.3.1
        yield from self._read_server_init()

    def _read_offer(self, version: Version) -> Generator[Wait, bytes, Sequence[int]]:
        """7.1.2: in 3.3 the server chooses one type, later versions list the offered types; zero is a refusal."""
        if version is Version.V3_3:
            number = int.from_bytes((yield Read(4, "the server's security type")), "big")
            offered: Sequence[int] = (number,) if number != SecurityNumber.INVALID else ()
        else:
            count = yield Read(1, "the number of the server's security types")
            offered = yield Read(count[0], "the server's security types")
        if not offered:
            yield from self._refused("The server refuses the connection")
        return offered

    def _choose(self, offered: Sequence[int]) -> SecurityType:
        for security in self._security:
            if security.number in offered:
                return security
        offered_names = named(sorted(offered), SECURITY_NAMES)
        accepted_names = named((security.number for security in self._security), SECURITY_NAMES)
        raise SecurityRefused(f"The server offers the security types {offered_names}; required is {accepted_names}.")

    def _check_result(self, version: Version) -> Script:
        result = int.from_bytes((yield Read(4, "the server's security result")), "big")
        if result == SecurityResult.OK:
            return
        words = "The server refuses our credentials"
        if result == SecurityResult.FAILED and version is Version.V3_8:
            yield from self._refused(words)
        raise SecurityRefused(f"{words}{': too many attempts' * (result == SecurityResult.TOO_MANY_ATTEMPTS)}.")

    def _refused(self, words: str) -> Script:
        """Reads the server's reason, up to our limit, and raises SecurityRefused with it."""
        self._refusal = words
        length = int.from_bytes((yield Read(4, "the length of the server's reason to refuse")), "big")
        reason = sanitize((yield Read(min(length, REASON_LIMIT_BYTES), "the server's reason to refuse")))
        raise SecurityRefused(f"{words}: {reason}" if reason else f"{words}.")

    def _read_server_init(self) -> Script:
        head = yield Read(SERVER_INIT_BYTES, "the server's screen")
        width, height, length = (int.from_bytes(head[a:b], "big") for a, b in ((0, 2), (2, 4), (20, 24)))
        if not width or not height:
            raise ProtocolError("The server's screen has no pixels.")
        if length > NAME_LIMIT_BYTES:
            raise TooLarge(f"The name of the server's screen is longer than {NAME_LIMIT_BYTES} bytes.")
        name = yield Read(length, "the name of the server's screen")
        self.emit(ServerInit(width, height, head[4:20], sanitize(name, NAME_LIMIT_BYTES), head + name))
