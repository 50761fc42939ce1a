"""RFB's numbers, with the clause of RFC 6143 or the extension (rfbproto) that defines them, and our limits."""

from enum import IntEnum


class SecurityNumber(IntEnum):
    """Security types (7.1.2 and its registry, 8.1.1)."""

    INVALID = 0
    NONE = 1
    VNC_AUTHENTICATION = 2
    VENCRYPT = 19


SECURITY_NAMES: dict[int, str] = {
    SecurityNumber.NONE: "None",
    SecurityNumber.VNC_AUTHENTICATION: "VNC password",
    SecurityNumber.VENCRYPT: "VeNCrypt",
}


class VencryptNumber(IntEnum):
    """VeNCrypt subtypes (rfbproto, "VeNCrypt"): under anonymous TLS, or under TLS with certificates (x509)."""

    PLAIN = 256
    TLSNONE = 257
    TLSVNC = 258
    TLSPLAIN = 259
    X509NONE = 260
    X509VNC = 261
    X509PLAIN = 262


class SecurityResult(IntEnum):
    """7.1.3; the third is TightVNC's and also closes the connection."""

    OK = 0
    FAILED = 1
    TOO_MANY_ATTEMPTS = 2


class ClientMessage(IntEnum):
    """Message types from viewer to server (7.5, and extensions)."""

    SET_PIXEL_FORMAT = 0  # 7.5.1
    SET_ENCODINGS = 2  # 7.5.2
    FRAMEBUFFER_UPDATE_REQUEST = 3  # 7.5.3
    KEY_EVENT = 4  # 7.5.4
    POINTER_EVENT = 5  # 7.5.5
    CLIENT_CUT_TEXT = 6  # 7.5.6, and Extended Clipboard
    ENABLE_CONTINUOUS_UPDATES = 150
    CLIENT_FENCE = 248
    XVP = 250
    SET_DESKTOP_SIZE = 251
    GII = 253
    QEMU = 255


class QemuMessage(IntEnum):
    """Subtypes of the QEMU client message."""

    EXTENDED_KEY_EVENT = 0
    AUDIO = 1


class ServerMessage(IntEnum):
    """Message types from server to viewer (7.6)."""

    FRAMEBUFFER_UPDATE = 0  # 7.6.1
    SET_COLOUR_MAP_ENTRIES = 1  # 7.6.2
    BELL = 2  # 7.6.3
    SERVER_CUT_TEXT = 3  # 7.6.4


class Encoding(IntEnum):
    """Encodings (7.7) and pseudo-encodings (7.8) that Keyhole itself uses."""

    RAW = 0  # 7.7.1
    DESKTOP_SIZE = -223  # 7.8.2


VERSION_BYTES = 12  # 7.1.1
CHALLENGE_BYTES = 16  # 7.2.2
PIXEL_FORMAT_BYTES = 16  # 7.4
SERVER_INIT_BYTES = 24  # 7.3.2, without the name

REASON_LIMIT_BYTES = 1024
"""How much of a server's reason for refusing is read."""
NAME_LIMIT_BYTES = 4096
"""The desktop's name in ServerInit."""
ENCODINGS_LIMIT = 1024
"""The number of encodings in one SetEncodings."""
CUT_TEXT_LIMIT_BYTES = 256 * 1024
FENCE_LIMIT_BYTES = 64
GII_LIMIT_BYTES = 4096
