"""The simulated guest's screen as text: lines of characters, a cursor, and when each row changed.

A row's revision grows whenever its appearance changes, so that each viewer is only sent what it has not seen. Control
characters: `\\n` new line, `\\b` one to the left, `\\f` clear, `\\a` bell.
"""

from collections.abc import Callable

from keyhole.drivers.simulated.font import CELL_HEIGHT, CELL_WIDTH

DEFAULT_SIZE = (640, 400)
MIN_SIZE = (320, 200)
MAX_SIZE = (1920, 1200)


class TextScreen:
    """`width` and `height` are in pixels; the remainder after whole cells stays blank."""

    def __init__(self) -> None:
        self.width, self.height = DEFAULT_SIZE
        self._lines = [""] * self.rows
        self._revisions = [0] * self.rows
        self._revision = 0
        self._bare_revision = 0  # of the area below the last row of text
        self._row, self._column = 0, 0
        self._watchers: list[Callable[[], None]] = []
        self.bells = 0

    @property
    def columns(self) -> int:
        return self.width // CELL_WIDTH

    @property
    def rows(self) -> int:
        return self.height // CELL_HEIGHT

    def line(self, row: int) -> str:
        """The text of a row, without the blanks after it; empty below the last row."""
        return self._lines[row] if row < self.rows else ""

    def cursor_column(self, row: int) -> int | None:
        """The cursor's column in a row; None if it is in another one."""
        return self._column if row == self._row else None

    def revision(self, row: int) -> int:
        """Grows when the row's appearance changes."""
        return self._revisions[row] if row < self.rows else self._bare_revision

    def watch(self, changed: Callable[[], None]) -> None:
        """Calls `changed` after each change, until `unwatch`."""
        self._watchers.append(changed)

    def unwatch(self, changed: Callable[[], None]) -> None:
        self._watchers.remove(changed)

    def write(self, text: str) -> None:
        """Writes text at the cursor; long lines continue in the next row, and the last row scrolls."""
        self._revision += 1
        for character in text:
            match character:
                case "\n":
                    self._new_line()
                case "\b":
                    self._step_back()
                case "\f":
                    self._clear()
                case "\a":
                    self.bells += 1
                case _ if character.isprintable():
                    self._put(character)
        self._notify()

    def resize(self, width: int, height: int) -> None:
        """Changes the size within MIN_SIZE and MAX_SIZE; the rows around the cursor are kept. Raises ValueError."""
        for size, least, most in zip((width, height), MIN_SIZE, MAX_SIZE, strict=True):
            if not least <= size <= most:
                raise ValueError(f"a screen is {MIN_SIZE[0]}x{MIN_SIZE[1]} to {MAX_SIZE[0]}x{MAX_SIZE[1]} pixels")
        self.width, self.height = width, height
        first = max(0, self._row - self.rows + 1)
        kept = [line[: self.columns] for line in self._lines[first : first + self.rows]]
        self._lines = kept + [""] * (self.rows - len(kept))
        self._row, self._column = self._row - first, min(self._column, self.columns - 1)
        self._revision += 1
        self._touch_all()
        self._notify()

    def _put(self, character: str) -> None:
        if self._column == self.columns:
            self._new_line()
        line = self._lines[self._row].ljust(self._column)
        self._lines[self._row] = line[: self._column] + character + line[self._column + 1 :]
        self._move(self._row, self._column + 1)

    def _step_back(self) -> None:
        """One to the left; from the first column to the row above, which a long line came from."""
        if self._column > 0:
            self._move(self._row, self._column - 1)
        elif self._row > 0:
            self._move(self._row - 1, self.columns - 1)

    def _new_line(self) -> None:
        if self._row + 1 < self.rows:
            self._move(self._row + 1, 0)
            return
        self._lines = [*self._lines[1:], ""]
        self._column = 0
        self._touch_all()

    def _clear(self) -> None:
        self._lines = [""] * self.rows
        self._row, self._column = 0, 0
        self._touch_all()

    def _move(self, row: int, column: int) -> None:
        self._revisions[self._row] = self._revision
        self._row, self._column = row, column
        self._revisions[self._row] = self._revision

    def _touch_all(self) -> None:
        self._revisions = [self._revision] * self.rows
        self._bare_revision = self._revision

    def _notify(self) -> None:
        for changed in list(self._watchers):
            changed()
