"""The RFB handshake of a server that requires a VNC password (RFC 6143 7.2.2), versions 3.3, 3.7 and 3.8."""

import hmac
import secrets

from keyhole.crypto.vnc_des import response
from keyhole.errors import ProtocolError
from keyhole.protocols.machine import Pause, Read, Script
from keyhole.protocols.rfb.constants import CHALLENGE_BYTES, VERSION_BYTES, SecurityNumber, SecurityResult
from keyhole.protocols.rfb.handshake.viewer import ClientInitReceived, ViewerHandshake
from keyhole.protocols.rfb.version import Version, viewer_version

_REASON = b"The password is wrong."


class PasswordHandshake(ViewerHandshake):
    """Like its base, with VNC Authentication instead of None. Raises ProtocolError after a wrong password."""

    __slots__ = ("_password",)

    def __init__(self, password: str) -> None:
        self._password = password
        super().__init__()

    def script(self) -> Script:
        self.send(Version.V3_8.value)
        version = viewer_version((yield Read(VERSION_BYTES, "the viewer's version")))
        if version is Version.V3_3:
            self.send(SecurityNumber.VNC_AUTHENTICATION.to_bytes(4, "big"))
        else:
            self.send(bytes((1, SecurityNumber.VNC_AUTHENTICATION)))
            choice = yield Read(1, "the viewer's choice of a security type")
            if choice[0] != SecurityNumber.VNC_AUTHENTICATION:
                raise ProtocolError("The viewer chose a security type that was not offered.")
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        self.send(challenge)
        answer = yield Read(CHALLENGE_BYTES, "the viewer's answer to the challenge")
        if not hmac.compare_digest(answer, response(self._password, challenge)):
            reason = len(_REASON).to_bytes(4, "big") + _REASON if version is Version.V3_8 else b""
            self.send(SecurityResult.FAILED.to_bytes(4, "big") + reason)
            raise ProtocolError("The viewer's password is wrong.")
        self.send(SecurityResult.OK.to_bytes(4, "big"))
        shared = yield Read(1, "the viewer's ClientInit")
        self.emit(ClientInitReceived(shared=shared != b"\0"))
        yield Pause("the server's screen")
        self.send(self._server_init)
