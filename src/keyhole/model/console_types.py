"""Console types, as the Compute API names them. A new one is a row in `CONSOLE_TYPES`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Protocol(StrEnum):
    """The protocol of a console, as the Compute API names it."""

    __hash__ = str.__hash__  # Enum's own is a Python function, called for every look-up

    VNC = "vnc"
    SERIAL = "serial"
    SPICE = "spice"
    MKS = "mks"
    RDP = "rdp"


class ConsoleType(StrEnum):
    """The kind of console that a client requests, as the Compute API names it."""

    __hash__ = str.__hash__  # Enum's own is a Python function, called for every look-up

    NOVNC = "novnc"
    XVPVNC = "xvpvnc"
    SERIAL = "serial"
    SPICE_HTML5 = "spice-html5"
    SPICE_DIRECT = "spice-direct"
    WEBMKS = "webmks"
    RDP_HTML5 = "rdp-html5"

    @property
    def protocol(self) -> Protocol:
        """The protocol of consoles of this type."""
        return CONSOLE_TYPES[self].protocol


@dataclass(frozen=True, slots=True)
class ConsoleKind:
    """One row of the console types: the protocol behind it and the form of its URL.

    `url_path` follows the public URL's origin and ends where the token goes; `websocket_url` says that the URL's scheme
    is ws or wss, because it is the URL of a WebSocket and not of a page.
    """

    protocol: Protocol
    url_path: str
    websocket_url: bool = False


CONSOLE_TYPES: Mapping[ConsoleType, ConsoleKind] = MappingProxyType(
    {
        ConsoleType.NOVNC: ConsoleKind(Protocol.VNC, "/vnc_lite.html?path=%3Ftoken%3D"),
        ConsoleType.XVPVNC: ConsoleKind(Protocol.VNC, "/console?token="),
        ConsoleType.SERIAL: ConsoleKind(Protocol.SERIAL, "/?token=", websocket_url=True),
        ConsoleType.SPICE_HTML5: ConsoleKind(Protocol.SPICE, "/spice_auto.html?token="),
        ConsoleType.SPICE_DIRECT: ConsoleKind(Protocol.SPICE, "/nova?token="),
        ConsoleType.WEBMKS: ConsoleKind(Protocol.MKS, "/?token="),
        ConsoleType.RDP_HTML5: ConsoleKind(Protocol.RDP, "/?token="),
    }
)
