"""The simulated guest's typeface."""

from keyhole.drivers.simulated.font import CELL_HEIGHT, CELL_WIDTH, FIRST, LAST, cell_rows

PRINTABLE = [chr(code) for code in range(ord(FIRST), ord(LAST) + 1)]


def drawn(character: str) -> list[str]:
    return [f"{row:08b}".replace("0", ".").replace("1", "#") for row in cell_rows(character)]


def test_there_is_a_glyph_for_each_printable_ascii_character_and_no_two_look_alike() -> None:
    assert len(PRINTABLE) == 95
    assert len({cell_rows(character) for character in PRINTABLE}) == 95


def test_a_cell_is_8_by_16_with_margins_on_both_sides() -> None:
    for character in PRINTABLE:
        rows = cell_rows(character)
        assert len(rows) == CELL_HEIGHT
        assert all(0 <= row < 1 << CELL_WIDTH for row in rows)
        # Neighbours never touch.
        assert all(row & 0b10000011 == 0 for row in rows)


def test_a_letter_looks_like_itself() -> None:
    assert drawn("L")[::2] == [
        ".#......",
        ".#......",
        ".#......",
        ".#......",
        ".#......",
        ".#......",
        ".#####..",
        "........",
    ]


def test_a_character_without_a_glyph_shows_as_a_question_mark() -> None:
    for character in ("é", "\x00", "\x7f", "漢"):
        assert cell_rows(character) == cell_rows("?")
