"""The text screen: writing, wrapping, scrolling, resizing, and what changed."""

import pytest

from keyhole.drivers.simulated.screen import MAX_SIZE, MIN_SIZE, TextScreen


@pytest.fixture
def screen() -> TextScreen:
    return TextScreen()


def text(screen: TextScreen) -> list[str]:
    """The rows down to the last one with text."""
    rows = [screen.line(row).rstrip() for row in range(screen.rows)]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def cursor(screen: TextScreen) -> tuple[int, int]:
    (found,) = [(row, column) for row in range(screen.rows) if (column := screen.cursor_column(row)) is not None]
    return found


def changed(screen: TextScreen, since: list[int]) -> list[int]:
    return [row for row in range(screen.rows) if screen.revision(row) > since[row]]


def revisions(screen: TextScreen) -> list[int]:
    return [screen.revision(row) for row in range(screen.rows)]


def test_it_is_80_by_25_of_8_by_16_pixels(screen: TextScreen) -> None:
    assert (screen.columns, screen.rows, screen.width, screen.height) == (80, 25, 640, 400)


def test_text_stands_where_it_was_written(screen: TextScreen) -> None:
    screen.write("one\ntwo")
    assert text(screen) == ["one", "two"]
    assert cursor(screen) == (1, 3)


def test_a_long_line_goes_on_in_the_next_row_and_can_be_rubbed_out_back_into_the_first(screen: TextScreen) -> None:
    screen.write("x" * 82)
    assert text(screen) == ["x" * 80, "xx"]
    screen.write("\b \b" * 3)
    assert text(screen) == ["x" * 79]
    assert cursor(screen) == (0, 79)


def test_a_line_that_fills_a_row_opens_no_further_one(screen: TextScreen) -> None:
    screen.write("x" * 80 + "\ny")
    assert text(screen) == ["x" * 80, "y"]


def test_backspace_stops_at_the_first_cell(screen: TextScreen) -> None:
    screen.write("a\b\b\bb")
    assert text(screen) == ["b"]


def test_the_last_row_scrolls(screen: TextScreen) -> None:
    screen.write("\n".join(str(number) for number in range(30)))
    assert text(screen) == [str(number) for number in range(5, 30)]


def test_a_form_feed_clears(screen: TextScreen) -> None:
    screen.write("one\ntwo\fthree")
    assert text(screen) == ["three"]
    assert cursor(screen) == (0, 5)


def test_a_bell_is_counted_and_shows_nothing(screen: TextScreen) -> None:
    screen.write("a\ab\a")
    assert (text(screen), screen.bells) == (["ab"], 2)


def test_other_control_characters_are_left_out(screen: TextScreen) -> None:
    screen.write("a\x00\x1b\r\x7fb")
    assert text(screen) == ["ab"]


def test_only_rows_that_look_different_change(screen: TextScreen) -> None:
    screen.write("one\n")
    since = revisions(screen)
    screen.write("two")
    assert changed(screen, since) == [1]
    since = revisions(screen)
    screen.write("\n")
    # The cursor left the one row for the other.
    assert changed(screen, since) == [1, 2]


def test_scrolling_and_clearing_change_every_row(screen: TextScreen) -> None:
    screen.write("\n" * 24)
    for what in ("\n", "\f"):
        since = revisions(screen)
        screen.write(what)
        assert changed(screen, since) == list(range(25))


def test_watchers_are_told_once_for_each_writing(screen: TextScreen) -> None:
    told: list[str] = []

    def one() -> None:
        told.append("one")

    screen.watch(one)
    screen.write("a\nb\nc")
    screen.resize(800, 600)
    screen.unwatch(one)
    screen.write("d")
    assert told == ["one", "one"]


def test_a_larger_size_keeps_the_text_and_changes_every_row(screen: TextScreen) -> None:
    screen.write("one\ntwo")
    since = [*revisions(screen), *([screen.revision(25)] * 12)]
    screen.resize(800, 600)
    assert (screen.columns, screen.rows) == (100, 37)
    assert text(screen) == ["one", "two"]
    assert changed(screen, since) == list(range(37))
    assert screen.revision(37) > since[25]


def test_a_smaller_size_keeps_the_rows_down_to_the_cursor(screen: TextScreen) -> None:
    screen.write("\n".join(f"{number} {'x' * 70}" for number in range(20)))
    screen.resize(320, 200)
    assert [line.split(" ")[0] for line in text(screen)] == [str(number) for number in range(8, 20)]
    assert all(len(line) <= 40 for line in text(screen))
    assert cursor(screen) == (11, 39)
    screen.write("\nstill writes")
    assert text(screen)[-1] == "still writes"


@pytest.mark.parametrize("size", [(0, 0), (MIN_SIZE[0] - 1, 400), (640, MAX_SIZE[1] + 1), (99999, 99999)])
def test_a_size_beyond_the_limits_is_refused_and_changes_nothing(screen: TextScreen, size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="320x200 to 1920x1200"):
        screen.resize(*size)
    assert (screen.width, screen.height) == (640, 400)
