"""Reads lines that a person types, and echoes them."""

from collections.abc import Callable

MAX_LINE_CHARACTERS = 240


class LineEditor:
    """`write` shows text, `run` takes each line and returns its output. `prompt` may change in between."""

    def __init__(self, write: Callable[[str], None], run: Callable[[str], str], prompt: str) -> None:
        self.prompt = prompt
        self._write = write
        self._run = run
        self._line = ""

    @property
    def current(self) -> str:
        """The line with the cursor as it looks now."""
        return self.prompt + self._line

    def start(self, greeting: str) -> None:
        """Shows a text first, and then the prompt."""
        self._write(greeting + self.prompt)

    def type(self, character: str) -> None:
        """Takes one character: a printable one, `\\n` for Enter, `\\b` for Backspace, Ctrl-C, Ctrl-L or Ctrl-U."""
        match character:
            case "\n":
                line, self._line = self._line, ""
                answer = self._run(line)
                self._write(f"\n{answer}{self.prompt}")
            case "\b":
                self._erase(1)
            case "\x15":
                self._erase(len(self._line))
            case "\x03":
                self._line = ""
                self._write(f"^C\n{self.prompt}")
            case "\f":
                self._write(f"\f{self.current}")
            case _ if character.isprintable() and len(self._line) < MAX_LINE_CHARACTERS:
                self._line += character
                self._write(character)

    def _erase(self, count: int) -> None:
        erased = min(count, len(self._line))
        if erased:
            self._line = self._line[:-erased]
            self._write("\b \b" * erased)
