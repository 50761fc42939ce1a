"""Turns rows of the text screen into pixels of a viewer's format (RFC 6143 7.4)."""

from functools import cached_property

from keyhole.drivers.simulated.font import CELL_HEIGHT, CELL_WIDTH, cell_rows
from keyhole.drivers.simulated.screen import TextScreen
from keyhole.protocols.rfb.constants import ServerMessage
from keyhole.protocols.rfb.pixel_format import PixelFormat

Colour = tuple[int, int, int]
PAPER: Colour = (16, 20, 24)
INK: Colour = (208, 220, 208)


class Painter:
    """Paints for one pixel format. A format without true colour has two colours in its map: background 0 and text 1."""

    def __init__(self, pixel_format: PixelFormat) -> None:
        self._format = pixel_format
        self._cells: dict[tuple[str, bool], tuple[bytes, ...]] = {}

    @cached_property
    def _background(self) -> bytes:
        return self._pixel(PAPER, 0)

    @cached_property
    def _foreground(self) -> bytes:
        return self._pixel(INK, 1)

    def colour_map(self) -> bytes | None:
        """The message that sets the colour map (7.6.2), None for true colour."""
        if self._format.true_colour:
            return None
        entries = b"".join((channel * 257).to_bytes(2, "big") for colour in (PAPER, INK) for channel in colour)
        return bytes((ServerMessage.SET_COLOUR_MAP_ENTRIES, 0, 0, 0, 0, 2)) + entries

    def row(self, screen: TextScreen, row: int, width: int, height: int) -> bytes:
        """The upper `height` (up to CELL_HEIGHT) pixel rows of a row of text, each `width` pixels wide."""
        columns = -(-width // CELL_WIDTH)
        line = screen.line(row).ljust(columns)[:columns]
        cursor = screen.cursor_column(row)
        cells = [self._cell(character, column == cursor) for column, character in enumerate(line)]
        size = width * len(self._background)
        return b"".join(b"".join(cell[y] for cell in cells)[:size] for y in range(height))

    def _cell(self, character: str, inverted: bool) -> tuple[bytes, ...]:
        """A character's cell as CELL_HEIGHT rows of CELL_WIDTH pixels."""
        cell = self._cells.get((character, inverted))
        if cell is None:
            colours = (self._foreground, self._background) if inverted else (self._background, self._foreground)
            bits = range(CELL_WIDTH - 1, -1, -1)
            cell = tuple(b"".join(colours[dots >> bit & 1] for bit in bits) for dots in cell_rows(character))
            assert len(cell) == CELL_HEIGHT
            self._cells[character, inverted] = cell
        return cell

    def _pixel(self, colour: Colour, index: int) -> bytes:
        layout = self._format
        value = index
        if layout.true_colour:
            maxima = (layout.red_max, layout.green_max, layout.blue_max)
            shifts = (layout.red_shift, layout.green_shift, layout.blue_shift)
            channels = zip(colour, maxima, shifts, strict=True)
            value = sum((channel * most + 127) // 255 << shift for channel, most, shift in channels)
        size = layout.bits_per_pixel // 8
        # A format whose channels overlap or exceed the pixel gives odd colours, never an error.
        return (value & (1 << layout.bits_per_pixel) - 1).to_bytes(size, "big" if layout.big_endian else "little")
