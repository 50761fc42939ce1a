"""VeNCrypt's Plain (rfbproto, "VeNCrypt"): a user's name and password in plain text, so only under TLS."""

from collections.abc import Callable
from typing import ClassVar

from keyhole.protocols.machine import Script
from keyhole.protocols.rfb.constants import VencryptNumber


class PlainAuthentication:
    """Sends name and password: their lengths in bytes as two U32, then both."""

    __slots__ = ("_name", "_password")

    number: ClassVar[int] = VencryptNumber.PLAIN

    def __init__(self, name: bytes, password: bytes) -> None:
        self._name = name
        self._password = password

    def script(self, send: Callable[[bytes], None]) -> Script:
        lengths = len(self._name).to_bytes(4, "big") + len(self._password).to_bytes(4, "big")
        send(lengths + self._name + self._password)
        yield from ()
