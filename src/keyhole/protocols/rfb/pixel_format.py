"""The pixel format (RFC 6143 7.4): how a pixel's bytes encode its colour."""

from dataclasses import astuple, dataclass
from struct import Struct

from keyhole.errors import ProtocolError

_LAYOUT = Struct("!BBBBHHHBBB3x")


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """Each colour channel starts at its `shift` and has values up to its `max`; without `true_colour`, pixels are
    indexes of a colour map.
    """

    bits_per_pixel: int = 32
    depth: int = 24
    big_endian: bool = False
    true_colour: bool = True
    red_max: int = 255
    green_max: int = 255
    blue_max: int = 255
    red_shift: int = 16
    green_shift: int = 8
    blue_shift: int = 0

    @classmethod
    def decode(cls, data: bytes) -> "PixelFormat":
        """From the 16 bytes on the wire. Raises ProtocolError for an invalid size or shift."""
        bits, depth, big_endian, true_colour, *colours = _LAYOUT.unpack(data)
        if bits not in (8, 16, 32) or (true_colour and max(colours[3:]) >= bits):
            raise ProtocolError("A pixel format must have 8, 16 or 32 bits, with all colours inside them.")
        return cls(bits, depth, bool(big_endian), bool(true_colour), *colours)

    def encode(self) -> bytes:
        """The 16 bytes on the wire."""
        return _LAYOUT.pack(*astuple(self))
