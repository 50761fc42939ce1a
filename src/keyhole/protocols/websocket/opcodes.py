"""The values of a frame's first byte (5.2, 11.8): plain integers, since the byte path compares them for each frame."""

from typing import Final

FIN: Final = 0x80
"""The frame is the last of its message."""

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

CONTROL_LIMIT_BYTES = 125
"""The largest payload of a control frame, whose opcode is CLOSE or higher (5.5)."""
