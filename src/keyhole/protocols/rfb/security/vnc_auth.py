"""Security type 2, VNC Authentication (RFC 6143 7.2.2): a challenge of 16 bytes, answered with 16 bytes."""

from collections.abc import Callable
from typing import ClassVar

from keyhole.protocols.machine import Read, Script
from keyhole.protocols.rfb.constants import CHALLENGE_BYTES, SecurityNumber


class VncAuthentication:
    """Answers with the result of `respond` for the challenge: DES under the password, which the caller supplies."""

    __slots__ = ("_respond",)

    number: ClassVar[int] = SecurityNumber.VNC_AUTHENTICATION

    def __init__(self, respond: Callable[[bytes], bytes]) -> None:
        self._respond = respond

    def script(self, send: Callable[[bytes], None]) -> Script:
        challenge = yield Read(CHALLENGE_BYTES, "the server's password challenge")
        send(self._respond(challenge))
