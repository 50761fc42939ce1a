"""The server side of the RFB handshake, towards a viewer (RFC 6143 7.1 to 7.3), versions 3.3, 3.7 and 3.8.

Only the security type None is offered: the viewer was authenticated by its grant.
"""

from dataclasses import dataclass

from keyhole.errors import ProtocolError
from keyhole.protocols.machine import Machine, Pause, Read, Script
from keyhole.protocols.rfb.constants import VERSION_BYTES, SecurityNumber, SecurityResult
from keyhole.protocols.rfb.version import Version, viewer_version


@dataclass(frozen=True, slots=True)
class ClientInitReceived:
    """The viewer is ready for the screen (7.3.1). `shared` is the viewer's flag, which is not passed to the target."""

    shared: bool


class ViewerHandshake(Machine[ClientInitReceived]):
    """Runs a viewer's handshake. After `ClientInitReceived` it pauses until `send_server_init`, and is then done.

    Raises ProtocolError and TooLarge; `data_to_send()` then tells the viewer why.
    """

    __slots__ = ("_refusal", "_server_init")

    peer = "viewer"

    def __init__(self) -> None:
        self._refusal: bytes | None = None
        self._server_init = b""
        super().__init__()

    def refuse(self, reason: str) -> None:
        """Ends the handshake with a reason, which is sent in the next RFB message that can contain one.

        That is the list of security types, once the viewer's version has arrived; in 3.8 also the SecurityResult.
        `done` says that the reason is queued. Later in the handshake RFB has no message for it.
        """
        self._refusal = reason.encode("utf-8", "replace")

    def send_server_init(self, raw: bytes) -> None:
        """The answer to ClientInit (7.3.2), as one message; then the handshake is done."""
        self._server_init = raw
        self.resume()

    def script(self) -> Script:
        self.send(Version.V3_8.value)
        version = viewer_version((yield Read(VERSION_BYTES, "the viewer's version")))
        if self._refusal is not None:
            no_types = bytes(4 if version is Version.V3_3 else 1)
            self.send(no_types + _counted(self._refusal))
            return
        if version is Version.V3_3:
            self.send(SecurityNumber.NONE.to_bytes(4, "big"))
        else:
            self.send(bytes((1, SecurityNumber.NONE)))
            choice = yield Read(1, "the viewer's choice of a security type")
            if choice[0] != SecurityNumber.NONE:
                if version is Version.V3_8:
                    self.send(_failed(b"Keyhole offers the security type 1 (None) only."))
                raise ProtocolError("The viewer chose a security type that was not offered.")
        if version is Version.V3_8:  # without authentication, older versions have no SecurityResult
            if self._refusal is not None:
                self.send(_failed(self._refusal))
                return
            self.send(SecurityResult.OK.to_bytes(4, "big"))
        shared = yield Read(1, "the viewer's ClientInit")
        self.emit(ClientInitReceived(shared=shared != b"\0"))
        yield Pause("the server's screen")
        self.send(self._server_init)


def _failed(reason: bytes) -> bytes:
    """A SecurityResult of 3.8 that says why (7.1.3)."""
    return SecurityResult.FAILED.to_bytes(4, "big") + _counted(reason)


def _counted(text: bytes) -> bytes:
    return len(text).to_bytes(4, "big") + text
