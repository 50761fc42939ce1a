"""Rows of text as pixels of the viewer's format."""

import pytest

from keyhole.drivers.simulated.font import CELL_HEIGHT, cell_rows
from keyhole.drivers.simulated.painter import INK, PAPER, Painter
from keyhole.drivers.simulated.screen import TextScreen
from keyhole.protocols.rfb.pixel_format import PixelFormat

RGB565 = PixelFormat(16, 16, False, True, 31, 63, 31, 11, 5, 0)
RGB332 = PixelFormat(8, 8, False, True, 7, 7, 3, 0, 3, 6)
COLOUR_MAP = PixelFormat(8, 8, False, False, 0, 0, 0, 0, 0, 0)


def painted(pixel_format: PixelFormat, text: str = "I", width: int = 16) -> list[bytes]:
    """The pixels of the first row of a screen whose cursor is elsewhere, one by one."""
    screen = TextScreen()
    screen.write(f"{text}\n")
    data = Painter(pixel_format).row(screen, 0, width, CELL_HEIGHT)
    size = pixel_format.bits_per_pixel // 8
    assert len(data) == width * CELL_HEIGHT * size
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize(
    ("pixel_format", "paper", "ink"),
    [
        (PixelFormat(), bytes((PAPER[2], PAPER[1], PAPER[0], 0)), bytes((INK[2], INK[1], INK[0], 0))),
        (PixelFormat(big_endian=True), bytes((0, *PAPER)), bytes((0, *INK))),
        (PixelFormat(red_shift=0, blue_shift=16), bytes((*PAPER, 0)), bytes((*INK, 0))),
        # 208 of 255 is 25 of 31, 220 is 54 of 63; 16 is 2, 20 is 5, 24 is 3.
        (RGB565, (2 << 11 | 5 << 5 | 3).to_bytes(2, "little"), (25 << 11 | 54 << 5 | 25).to_bytes(2, "little")),
        # 208 of 255 is 6 of 7 and 2 of 3, 220 is 6 of 7; the paper is black, but for a trace of green.
        (RGB332, bytes((1 << 3,)), bytes((6 | 6 << 3 | 2 << 6,))),
        (COLOUR_MAP, b"\0", b"\1"),
    ],
    ids=["bgrx", "xrgb", "rgbx", "565", "332", "map"],
)
def test_a_glyph_is_ink_on_paper_in_each_format(pixel_format: PixelFormat, paper: bytes, ink: bytes) -> None:
    expected = [
        ink if row >> (7 - x) & 1 else paper
        for line in zip(cell_rows("I"), cell_rows(" "), strict=True)
        for row in line
        for x in range(8)
    ]
    assert painted(pixel_format) == expected


def test_the_cursor_is_inverted() -> None:
    screen = TextScreen()
    painter = Painter(PixelFormat())
    data = painter.row(screen, 0, 16, 1)
    ink, paper = (bytes((blue, green, red, 0)) for red, green, blue in (INK, PAPER))
    assert data == ink * 8 + paper * 8


def test_what_goes_beyond_the_width_or_height_is_cut_off() -> None:
    screen = TextScreen()
    screen.write("II\n")
    painter = Painter(PixelFormat())
    whole, cut = painter.row(screen, 0, 16, 16), painter.row(screen, 0, 12, 5)
    assert cut == b"".join(whole[y * 64 : y * 64 + 48] for y in range(5))


def test_a_row_that_the_screen_has_not_is_blank() -> None:
    data = Painter(PixelFormat()).row(TextScreen(), 40, 640, 8)
    assert data == bytes((PAPER[2], PAPER[1], PAPER[0], 0)) * 640 * 8


def test_a_colour_map_has_both_colours() -> None:
    assert Painter(PixelFormat()).colour_map() is None
    # RFC 6143 7.6.2: type, padding, first colour, number of colours, then red, green, blue of 16 bits each.
    entries = "".join(f"{channel:02x}{channel:02x}" for colour in (PAPER, INK) for channel in colour)
    assert Painter(COLOUR_MAP).colour_map() == bytes.fromhex("01 00 0000 0002" + entries)


def test_a_format_with_channels_that_do_not_fit_is_no_error() -> None:
    painted(PixelFormat(8, 8, True, True, 65535, 65535, 65535, 7, 7, 7))
    painted(PixelFormat(16, 24, True, True, 0, 0, 0, 0, 0, 0))
