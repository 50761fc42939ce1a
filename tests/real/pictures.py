"""Pictures of a text screen: the guest's own, and what a browser shows of it."""

from pathlib import Path

from PIL import Image
from tests.real.guests import qmp

from keyhole.drivers.simulated.font import CELL_HEIGHT, CELL_WIDTH, FIRST, LAST, cell_rows
from keyhole.drivers.simulated.painter import INK

VGA_ROW_PIXELS = 16
VGA_SIZE = (720, 400)

_LETTERS = {cell_rows(chr(code)): chr(code) for code in range(ord(FIRST), ord(LAST) + 1)}


async def guest_picture(qmp_path: Path) -> Image.Image:
    """The screen as QEMU itself sees it, in RGB."""
    file = qmp_path.parent / "screen.png"
    async with qmp(qmp_path) as session:
        await session.execute("screendump", filename=str(file), format="png")
    return read_picture(file)


def read_picture(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def text_row(picture: Image.Image, row: int) -> Image.Image:
    """One row of text of a VGA screen of 80 by 25 characters."""
    assert picture.size == VGA_SIZE
    return picture.crop((0, row * VGA_ROW_PIXELS, picture.width, (row + 1) * VGA_ROW_PIXELS))


def has_ink(picture: Image.Image) -> bool:
    return len(picture.getcolors(maxcolors=1 << 24) or ()) > 1


def simulated_lines(picture: Image.Image) -> list[str]:
    """The rows of text that the simulated guest's screen shows, `\\0` where there is no letter."""
    rows = range(0, picture.height - CELL_HEIGHT + 1, CELL_HEIGHT)
    columns = range(0, picture.width - CELL_WIDTH + 1, CELL_WIDTH)
    return ["".join(_letter(picture, x, y) for x in columns).rstrip() for y in rows]


def _letter(picture: Image.Image, left: int, top: int) -> str:
    cell = picture.crop((left, top, left + CELL_WIDTH, top + CELL_HEIGHT)).tobytes()
    dots = [cell[at : at + 3] == bytes(INK) for at in range(0, len(cell), 3)]
    rows = [dots[start : start + CELL_WIDTH] for start in range(0, len(dots), CELL_WIDTH)]
    return _LETTERS.get(tuple(sum(dot << (CELL_WIDTH - 1 - x) for x, dot in enumerate(row)) for row in rows), "\0")
