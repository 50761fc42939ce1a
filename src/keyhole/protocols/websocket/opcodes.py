"""What a frame's first byte says (5.2, 11.8). Plain integers, since the byte path compares them for each frame."""

from typing import Final

FIN: Final = 0x80
"""The frame is its message's last."""

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

CONTROL_LIMIT_BYTES = 125
"""The most that a control frame, one from CLOSE on, may hold (5.5)."""
